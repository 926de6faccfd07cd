/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

/* The ways to polkit's CheckAuthorization, both without blocking. */
typedef struct VbPolkit VbPolkit;

typedef struct {
        char *subject; /* a connection's unique name */
        char *action;
        GStrv details; /* name, value, name, value ... */
} VbPolkitQuestion;

void vb_polkit_question_clear(VbPolkitQuestion *question);

typedef struct {
        bool granted;
        bool challenge; /* a person could grant it */
} VbPolkitAnswer;

/* @answer is NULL with a @problem: G_DBUS_ERROR where the bus or polkit said so. Both are borrowed. */
typedef void (*VbPolkitDone)(const VbPolkitAnswer *answer, const GError *problem, void *userdata);

/* @bus, which must outlive it, tells where polkit is: on the same one. */
VbPolkit *vb_polkit_new(sd_bus *bus);
/* All that was asked without a person has been answered or dropped. What prompts are under way end later. */
void vb_polkit_close(VbPolkit *polkit);
/* No prompt is under way. */
void vb_polkit_free(VbPolkit *polkit);

/* What polkit says without asking anybody. 0, and @done is called once and later unless @ret is dropped with
 * sd_bus_slot_unref() before; or -errno. */
int vb_polkit_ask(VbPolkit *polkit, const VbPolkitQuestion *question, sd_bus_slot **ret, VbPolkitDone done,
                  void *userdata);

/* The same with a person, if there is one. @done is called once, also after @gone has been cancelled: polkit
 * then takes back what it has asked. @question is borrowed until then. */
void vb_polkit_prompt(VbPolkit *polkit, const VbPolkitQuestion *question, GCancellable *gone,
                      VbPolkitDone done, void *userdata);
