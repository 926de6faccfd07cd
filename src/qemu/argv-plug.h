/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-c/json.h>
#include <stdbool.h>

/* An option of a command line, as vb_argv_build_device() writes it, said to an emulator that runs. */
typedef struct {
        const char *command;    /* of QMP, static */
        json_object *arguments; /* owned */
        const char *undo;       /* the command that takes it back, static */
        const char *undo_key;   /* under which that has the name, static */
        char *name;
} VbArgvPlug;

/* UNSUPPORTED for an option that only a start can have. On success cleared with vb_argv_plug_clear(). */
bool vb_argv_plug_init(VbArgvPlug *plug, const char *option, const char *value, GError **error);
void vb_argv_plug_clear(VbArgvPlug *plug);

/* The arguments of the command that takes it back; the caller puts them. */
json_object *vb_argv_plug_undo(const VbArgvPlug *plug);
