/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/identity.h"
#include "host/spawn.h"

/* Security labels: what keeps a domain's process and files apart from those of others. A host has several
 * models at a time (users, SELinux, AppArmor); each is a row of the table in label.c with a file of its own,
 * and is used where the kernel has it when the service starts. */

typedef struct VbLabels VbLabels; /* all labels of one domain that starts or runs */

typedef enum { VB_LABEL_DYNAMIC, VB_LABEL_STATIC, VB_LABEL_NONE } VbLabelType;

/* What a definition says of one model; strings are borrowed, and NULL where it says nothing. */
typedef struct {
        const char *model; /* NULL: of all */
        VbLabelType type;
        bool relabel;
        const char *label, *image_label, *base_label;
} VbLabelWish;

/* Whose labels they are; all is borrowed. */
typedef struct {
        uint32_t id;
        uid_t owner;
        const VbIdentity *identity; /* who its processes are; NULL: as the service */
        bool hardware_assisted; /* runs on KVM */
        const char *emulator;
        bool foreign_emulator; /* its path is a user's own */
        const char *room, *private_dir; /* paths of its directories */
} VbLabelSubject;

/* What a domain does with a file. */
typedef enum {
        VB_LABEL_READ_WRITE, /* alone */
        VB_LABEL_READ_ONLY,
        VB_LABEL_SHARED, /* writes, as others do */
} VbLabelAccess;

/* One model's label of one domain. */
typedef struct VbLabelModel VbLabelModel;
typedef struct {
        const VbLabelModel *model;
        const VbLabelSubject *subject;
        bool relabel;  /* files are labelled */
        char *process; /* what the process becomes; NULL: as the service's children are */
        char *file;    /* what files get that it may write; NULL: what they have */
        char *entry;   /* what the child writes to enter it; NULL: nothing */
} VbLabel;

/* A file that a domain uses. */
typedef struct {
        char *path;
        VbLabelAccess access;
        bool make; /* the emulator would make it */
        GHashTable *overrides; /* what the definition says of this file, by model: a label, or "" for none */
} VbLabelFile;

/* NULL where the definition says nothing. */
const char *vb_label_file_override(const VbLabelFile *file, const char *model);

/* All but `name`, `probe` and `choose` may be NULL. Functions marked (thread) may block and are called on a
 * thread, one at a time for each domain. */
struct VbLabelModel {
        const char *name;
        /* Whether the running kernel has it. */
        bool (*probe)(void);
        /* Fills in @label, whose model and subject are set; @wish is NULL where the definition says nothing
         * of the model, and never asks for none. What is unique to a domain is taken here. */
        bool (*choose)(VbLabel *label, const VbLabelWish *wish, GError **error);
        /* Takes again what another run of the service had chosen; @label is complete. */
        void (*adopt)(VbLabel *label);
        /* (thread) What the host must know before the process may enter; again whenever @files change. */
        bool (*prepare)(VbLabel *label, const GPtrArray *files, GError **error);
        /* What the child does before it executes the program. Strings stay the label's. */
        void (*enter)(const VbLabel *label, VbSpawn *spawn);
        bool for_companions; /* programs beside the emulator enter it, too */
        /* A socket that is made by this thread before enter_socket(NULL) gets the process's label. */
        bool (*enter_socket)(const VbLabel *label, GError **error);
        /* What @file is to be labelled; NULL: it stays as it is. Caller frees. */
        char *(*target)(const VbLabel *label, const VbLabelFile *file);
        /* Whether what is nobody's yet can be used as it is; NULL: only with its target. */
        bool (*suffices)(const VbLabel *label, const VbLabelFile *file, const char *current);
        /* The label of what @fd (which may be O_PATH) is open for, as text; NULL: it has none, or can have
         * none. Caller frees. */
        char *(*get)(int fd);
        int (*set)(int fd, const char *text); /* 0 or -errno */
        /* The same for what get() has said before, with what the guest may have added since; NULL: set(). */
        int (*give_back)(int fd, const char *original);
        /* Whether a file that had @original, was given @target and now has @current is still a guest's, which may
         * have changed it itself; NULL: only with its target. */
        bool (*is_lent)(const char *current, const char *target, const char *original);
        /* Gives back what was taken by choose() and prepare(); no process is left. */
        void (*release)(VbLabel *label);
};

/* Of this host, NULL at the end. Found once. */
const VbLabelModel *const *vb_label_models(void);
bool vb_label_has_model(const char *name);

/* Chooses labels of all models of the host. @wishes has @n_wishes. SECURITY_LABEL; UNSUPPORTED if a static
 * label is wished for of a model that the host does not have. */
VbLabels *vb_labels_new(const VbLabelSubject *subject, const VbLabelWish *wishes, gsize n_wishes, GError **error);
VbLabels *vb_labels_ref(VbLabels *labels);
/* Lets go: everything stays labelled. */
void vb_labels_unref(VbLabels *labels);
/* Everything is going to be given back: a vb_labels_apply() that is under way ends as soon as it can, with
 * INVALID_STATE. */
void vb_labels_close(VbLabels *labels);
/* Gives everything back and lets go: files get the labels back that they had. Not while the process is there, nor
 * while anything of this is under way on a thread. */
void vb_labels_release(VbLabels *labels);

/* Only before vb_labels_apply(). @model NULL: the first of the host; @label NULL: none. */
void vb_labels_add_file(VbLabels *labels, const char *path, VbLabelAccess access);
/* The same for one that the emulator writes, and makes where there is none: the user that it runs as might not
 * be able to, so that this is done for it. */
void vb_labels_add_output(VbLabels *labels, const char *path);
/* UNSUPPORTED if there is a @label of a model that the host does not have. */
bool vb_labels_override(VbLabels *labels, const char *path, const char *model, const char *label, GError **error);

/* (thread) Gives a file its old label back; what else knows of it, does until the next vb_labels_apply(). */
void vb_labels_remove_file(VbLabels *labels, const char *path);

guint vb_labels_count_files(VbLabels *labels);

/* (thread) Labels all files that are not labelled yet, and lets the host know the labels. SECURITY_LABEL. */
bool vb_labels_apply(VbLabels *labels, GError **error);

/* The labels as they are chosen, VbLabel *; for looking at. */
const GPtrArray *vb_labels_list(const VbLabels *labels);
void vb_labels_enter(const VbLabels *labels, VbSpawn *spawn);
/* The same for a process beside the emulator, in those models that have a label for any program. */
void vb_labels_enter_beside(const VbLabels *labels, VbSpawn *spawn);
/* Between the two, sockets that this thread makes are the domain's. */
bool vb_labels_begin_sockets(const VbLabels *labels, GError **error);
void vb_labels_end_sockets(const VbLabels *labels);
/* A directory or socket of the service's own making. SECURITY_LABEL. */
bool vb_labels_set(const VbLabels *labels, int fd, GError **error);

/* For the status file. Caller frees. vb_labels_load() takes what is unique again; NULL if @saved is NULL or
 * none of ours. */
json_object *vb_labels_save(VbLabels *labels);
VbLabels *vb_labels_load(const VbLabelSubject *subject, json_object *saved);
/* The service may have been killed between labelling a file and writing that down: whether that could be, and
 * (thread) finding it out, which has to be done before anything is given back. */
bool vb_labels_are_unsure(const VbLabels *labels);
void vb_labels_look(VbLabels *labels);
