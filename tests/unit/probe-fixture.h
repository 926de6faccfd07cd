/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "qemu/probe-internal.h"
#include "util/error.h"

#define QEMU "/usr/bin/qemu-system-x86_64"
#define SECOND G_USEC_PER_SEC

typedef struct {
        char *directory, *cache;
        sd_event *event;
        VbProber *prober;
        guint n_fds;
} Fixture;

typedef struct {
        guint calls;
        VbEmulatorFacts *emulator;
        VbMachineFacts *machine;
        GError *error;
} Answer;

void answer_clear(Answer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

void fixture_set_up(Fixture *f, const void *data);
void fixture_tear_down(Fixture *f, const void *data);
void new_prober(Fixture *f);

/* A callback for vb_prober_query(), whose userdata is an Answer. */
void on_answer(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error, void *userdata);
void run_until_answered(Fixture *f, const Answer *answer);
void run_for(Fixture *f, uint64_t usec);

void query(Fixture *f, const char *path, const char *machine, Answer *answer);
void assert_facts(Fixture *f, const char *machine, Answer *answer);
void assert_fails(Fixture *f, const char *path, const char *machine, VbError code, const char *text);

/* What stands for an emulator. The text is a shell script; M is the number of the monitor's descriptor.
 * Caller frees the path. */
char *make_emulator(Fixture *f, const char *name, const char *script);

/* Runs cases, each with a fixture of its own. */
typedef struct {
        const char *path;
        void (*run)(Fixture *, const void *);
} Case;
int run_cases(int argc, char **argv, const Case *cases, gsize n);

/* All of it in a line. Caller frees. */
char *describe_machine(const VbMachineFacts *facts);
