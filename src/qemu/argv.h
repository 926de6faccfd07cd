/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "conf/domain-def.h"

/* What a network card, or a vsock, was connected to when the guest was started. */
typedef enum {
        VB_ARGV_LINK_USER,
        VB_ARGV_LINK_TAP,
        VB_ARGV_LINK_KERNEL, /* a device of the kernel's half of virtio: vhost_fds is its descriptor */
} VbArgvLinkKind;

typedef struct {
        char *alias; /* of the device */
        VbArgvLinkKind kind;
        int *fds, *vhost_fds; /* TAP: one for each pair of queues; QEMU inherits them */
        guint n_fds, n_vhost;
} VbArgvLink;

/* A socket, connected to a process that stands beside the emulator for one device. */
typedef struct {
        char *alias;
        int fd; /* QEMU inherits it */
} VbArgvEnd;

/* What a command line needs and the definition does not say. */
typedef struct {
        int monitor_fd;          /* listening socket that QEMU inherits; -1 in a dry run */
        const char *sockets_dir; /* directory of the domain's generated sockets, absolute */
        const char *private_dir; /* directory of what the domain keeps between its runs, absolute */
        const VbEmulatorFacts *emulator;
        const VbMachineFacts *machine;
        bool incoming; /* a guest that was saved is going to be read into it */
        bool attaching; /* to an emulator that runs, and has what the other devices of the definition need */
        /* A path from which the emulator reads the secret called @name; NULL and an error where there is
         * none. NULL in a dry run, which shows /dev/null. Caller frees. */
        char *(*secret_path)(const char *name, void *userdata, GError **error);
        /* Whether there is one of that name, for what can do without. */
        bool (*has_secret)(const char *name, void *userdata);
        void *secret_userdata;
        uint32_t vsock_cid;     /* for a <vsock> that leaves it to us; 0 in a dry run */
        const GPtrArray *links; /* VbArgvLink *; NULL in a dry run */
        const GPtrArray *ends;  /* VbArgvEnd *; NULL in a dry run, which shows paths of sockets */
} VbArgvContext;

/* The whole QEMU command line for a completed definition, argv[0] first. UNSUPPORTED with the name of what
 * the emulator lacks. The result is a NULL-terminated array that the caller frees with g_strfreev(). The
 * guest starts stopped (-S). */
char **vb_argv_build(const VbDomainDef *def, const VbArgvContext *context, GError **error);

/* The options of one device of @def alone, in the order in which QEMU must be given them: backends, then the
 * -device. Freed with g_strfreev(). */
char **vb_argv_build_device(const VbDomainDef *def, const VbDevice *device, const VbArgvContext *context,
                            GError **error);

/* Whether the service can provide what the devices of @def need on the host, beyond what a command line says:
 * UNSUPPORTED with the device and what is missing. Asked before a start, not for a dry run. */
bool vb_argv_check_start(const VbDomainDef *def, GError **error);
/* The same for one device. */
bool vb_argv_check_start_device(const VbDomainDef *def, const VbDevice *device, GError **error);

/* The path of a generated unix socket of a serial, console or graphics device below @sockets_dir; NULL if the
 * device has none. Caller frees. */
char *vb_argv_socket_path(const VbDevice *device, const char *sockets_dir);

/* Where the firmware's variables are kept, a file below @private_dir unless the definition names another;
 * NULL if there are none in a file of their own. Caller frees. */
char *vb_argv_nvram_path(const VbDomainDef *def, const char *private_dir);
/* Whether that is the file below @private_dir, which is called: */
bool vb_argv_has_own_nvram(const VbDomainDef *def);
#define VB_ARGV_NVRAM_FILE "nvram.fd"

/* What QEMU's environment has beside the usual, as "NAME=VALUE"; NULL-terminated. Caller frees with
 * g_strfreev(). */
char **vb_argv_environment(const VbDomainDef *def);

/* The name by which a descriptor of a card is passed to an emulator that runs: the @index-th of its queues'.
 * Caller frees. */
char *vb_argv_fd_name(const char *alias, bool vhost, guint index);

/* The id of the character device backend of @alias, as QMP's query-chardev names it. Caller frees. */
char *vb_argv_chardev_id(const char *alias);
