/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"

/* Parts of a definition beside its devices, tried one by one in a small domain on q35. */

typedef struct {
        const char *name, *part;
        const char *expected; /* of the canonical XML; with a '!' before it: not in it */
} AcceptedPart;

typedef struct {
        const char *name, *part;
        const char *message; /* a part of it; the part begins in line 4 */
} RefusedPart;

/* Each a test of its own, /conf/@area/accepted/NAME and /conf/@area/refused/NAME. */
void add_accepted_parts(const char *area, const AcceptedPart *parts, gsize n);
void add_refused_parts(const char *area, const RefusedPart *parts, gsize n);

/* The whole text around @part; caller frees. And what becomes of a text. */
char *text_around_part(const char *part);
VbDomainDef *complete_text(const char *text, GError **error);
