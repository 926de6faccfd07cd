/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "conf/domain-def.h"

/* What of its host a definition names, beyond what its owner may use anyway. The emulator runs as the owner:
 * a file, a directory, a socket or a display that it opens by itself gives nobody a right that he did not
 * have, and is not listed. What is listed is what the service hands out, what other users and other machines
 * notice, and the host's devices. */

/* The kinds, one for each polkit action. */
typedef enum {
        VB_USE_HOST_DEVICES,
        VB_USE_HOST_NETWORK,
        VB_USE_OTHER_IDENTITY,
        VB_USE_COMMAND_LINE,
        VB_USE_EMULATOR,
        VB_USE_FIRMWARE,
        VB_USE_LOCKED_MEMORY,
        VB_USE_REALTIME,
        VB_USE_KVM,
        VB_USE_REMOTE_ACCESS,
        _VB_HOST_USE_MAX,
} VbHostUse;

/* "org.virtbus1.use-host-devices". */
const char *vb_host_use_action(VbHostUse use);
/* By the action; false if there is none of that name. */
bool vb_host_use_from_action(const char *action, VbHostUse *ret);

/* The length of a SHA-256 in hexadecimal digits. */
#define VB_DIGEST_LENGTH 64

typedef struct {
        VbHostUse use;
        char *where;                       /* the device's alias, or the element: "os/loader" */
        char *description;                 /* for people: "the PCI device 0000:01:00.0" */
        char digest[VB_DIGEST_LENGTH + 1]; /* of the canonical XML of the device or the element */
} VbHostResource;

void vb_host_resource_free(VbHostResource *resource);

/* What decides beside the definition. */
typedef struct {
        uid_t owner;
        bool owner_may_use_kvm;    /* /dev/kvm is open to him */
        const GPtrArray *firmware; /* VbFirmware *: what the host's descriptors name; NULL: none */
        /* Whether what a <source network=''/> means is more than the emulator's user-mode network. NULL:
         * every name does. */
        bool (*is_host_network)(const char *name, void *userdata);
        void *userdata;
} VbHostScope;

/* What a completed definition names: VbHostResource *, owned. There is one for each kind and place. */
GPtrArray *vb_host_resources_list(const VbDomainDef *def, const VbHostScope *scope);
/* What it names with its emulator alone, as in that list; for one that is not completed. */
GPtrArray *vb_host_resources_of_emulator(const VbDomainDef *def, const VbHostScope *scope);

/* For the rules of one class of devices. */
typedef struct VbHostList VbHostList;

typedef struct {
        /* Tells what the device names with vb_host_list_add(). The character device behind it, if it has one,
         * is looked at for it. */
        void (*list)(VbHostList *list, const VbDevice *device);
        const char *free; /* without that: why there is nothing to be listed */
} VbHostRule;

/* host-resources-device.c */
extern const VbHostRule vb_host_rules[_VB_DEVICE_MAX];
void vb_host_list_chardev(VbHostList *list, const VbChardev *source);

const VbHostScope *vb_host_list_scope(const VbHostList *list);
void vb_host_list_add(VbHostList *list, VbHostUse use, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Whether a path, as it is written, leads to a device of the host's. */
bool vb_host_path_is_device(const char *path);
/* Whether it leads to a program of the system's. */
bool vb_host_path_is_program(const char *path);
/* Whether the address is that of this host alone; NULL and "" are all addresses. */
bool vb_host_address_is_local(const char *address);

/* Whether the rules know the child of <domain>, or the element below one: "os/loader". For the tests. */
bool vb_host_rules_know(const char *path);
