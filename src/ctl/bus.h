/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl.h"
#include "ctl/json.h"

#define VB_CTL_SERVICE "org.virtbus1"
#define VB_CTL_ROOT "/org/virtbus1"
#define VB_CTL_DOMAINS VB_CTL_ROOT "/domain/"
#define VB_CTL_MANAGER VB_CTL_SERVICE ".Manager"
#define VB_CTL_DOMAIN VB_CTL_SERVICE ".Domain"
#define VB_CTL_DEVICE VB_CTL_SERVICE ".Device"
#define VB_CTL_OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define VB_CTL_PROPERTIES "org.freedesktop.DBus.Properties"

/* How long to wait for a reply: what only reads is answered at once, what acts may take as long as a guest
 * takes, or a person who is asked for a password. */
#define VB_CTL_READS 0 /* the bus library's own limit */
#define VB_CTL_ACTS UINT64_MAX

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

/* Connects to the bus, if we are not. */
bool vb_ctl_connect(VbCtl *ctl, GError **error);

/* Calls a method of the service; connects first if need be. @reply may be NULL. The arguments are as for
 * sd_bus_message_append(). */
bool vb_ctl_call(VbCtl *ctl, uint64_t timeout_usec, const char *path, const char *interface,
                 const char *method, sd_bus_message **reply, GError **error, const char *types, ...);

/* Calls a domain's method that takes nothing but options, and does not wait: @on_reply is called by the loop that the
 * connection is attached to, unless *@slot is let go of before. */
bool vb_ctl_press(VbCtl *ctl, const char *path, const char *method, sd_bus_slot **slot,
                  sd_bus_message_handler_t on_reply, void *userdata, GError **error);
/* What a reply says: true, or an error with the code that vb_ctl_call() would set. */
bool vb_ctl_check_reply(const VbCtl *ctl, sd_bus_message *reply, GError **error);

/* vb_ctl_call() of the method that the verb stands for; the options of the command line that the service knows
 * follow the arguments as its a{sv}. */
bool vb_ctl_act(VbCtl *ctl, const char *path, const char *interface, sd_bus_message **reply, GError **error,
                const char *types, ...);

/* The same with @values, NAME=VALUE each, as one a{sv}: sets of numbers as strings where the name begins with "allowed-",
 * else numbers, with K, M, G or T for the powers of 1024, "none" for none. */
bool vb_ctl_act_values(VbCtl *ctl, const char *path, const char *interface, char **values, GError **error);

/* The object path of the domain that @name means: a name, else a uuid, with OWNER/ before it the owner's, else the
 * caller's own first; or the path itself. */
bool vb_ctl_find_domain(VbCtl *ctl, const char *name, char **ret, GError **error);

/* GetManagedObjects of @path: { path: { interface: { property: value } } }. @ret_sender, if not NULL, is the
 * unique name of the service that answered. */
bool vb_ctl_get_objects(VbCtl *ctl, const char *path, json_object **ret, char **ret_sender, GError **error);

/* Reads @reply, which must have the one argument @type. */
bool vb_ctl_read_reply(sd_bus_message *reply, const char *type, json_object **ret, GError **error);
/* Sets @error to what a local failure (negative errno) of reading a reply means. */
bool vb_ctl_fail_reply(GError **error, int r);

/* Lets go of the connection; the next call makes a new one. */
void vb_ctl_disconnect(VbCtl *ctl);

/* For those that outlast a bus: makes a new connection, attached to @event, where the last was lost. 1: what was
 * listened to has to be listened to again; 0: nothing was lost; -errno: there is no bus now. */
int vb_ctl_reconnect(VbCtl *ctl, sd_event *event);
/* Calls @handler when the connection is lost. 0 or more, or -errno. */
int vb_ctl_on_lost(VbCtl *ctl, sd_bus_message_handler_t handler, void *userdata);
