/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/complete.h"
#include "util/error.h"

/* A definition that is right but for what stands below its <devices>, which is in line 7. */
typedef struct {
        const char *name;
        const char *devices;
        VbError code;
        const char *message; /* a part of it */
        const char *machine; /* NULL: "pc" */
} TestRefusal;

/* The definition with @devices, machine types named as in facts.h. Caller frees. */
char *test_definition(const char *devices, const char *machine);

/* Given such a definition, when it is completed, then it is refused with the code and message of @refusal. */
void test_refusal_run(gconstpointer refusal);

/* Adds a test for each of @n refusals below the path @prefix. */
void test_refusals_add(const char *prefix, const TestRefusal *refusals, gsize n);
