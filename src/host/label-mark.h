/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/label.h"

/* A file that was given a label: until the last domain that uses it lets go. What it had before is written
 * into the extended attribute trusted.virtbus.MODEL, and what it is given into trusted.virtbus.MODEL.lent,
 * which outlive the host's crash, too. */
typedef struct {
        const VbLabelModel *model;
        char *path;
        dev_t device;
        ino_t inode;
        char *target, *original; /* @original NULL: it had none */
} VbLabelMark;

/* Labels @file as @label says. *ret is NULL where there is nothing to give back. SECURITY_LABEL; BUSY if
 * another domain has it with another label. May block. */
bool vb_label_mark_file(const VbLabel *label, const VbLabelFile *file, VbLabelMark **ret, GError **error);
/* The same for a file that was labelled by another run of the service which could not write that down: NULL
 * where none was. */
VbLabelMark *vb_label_mark_find(const VbLabel *label, const VbLabelFile *file);
/* The same for one that the host went down with: what nobody uses now, and nobody has labelled since, has its
 * old labels, of all models, again. May block. */
void vb_label_mark_recover(const char *path);
/* The file has its old label again, if nobody else uses it. */
void vb_label_unmark(const VbLabelMark *mark);
void vb_label_mark_free(VbLabelMark *mark);

json_object *vb_label_mark_save(const VbLabelMark *mark);
/* Counts it again. NULL if it is none of ours. */
VbLabelMark *vb_label_mark_load(json_object *saved);
