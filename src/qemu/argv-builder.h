/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/controller.h"
#include "conf/secret.h"
#include "conf/virtio.h"
#include "qemu/argv.h"
#include "qemu/json.h"

/* What the builders of the device classes share: a command line that grows, and the options' two notations.
 */
typedef struct {
        GPtrArray *args; /* char *, owned */
        const VbDomainDef *def;
        const VbArgvContext *context;
        int next_fd;              /* in a dry run: the next number to stand for a descriptor */
        GHashTable *boot_indexes; /* const VbDevice * -> GUINT_TO_POINTER(bootindex) */
} VbArgv;

/* One row per class of device. */
typedef struct {
        /* Adds all options that the device needs, backends first. Not called for what the machine brings
         * along. */
        bool (*build)(VbArgv *argv, const VbDevice *device, GError **error);
        /* What the machine itself is told because of the device, each as ",KEY=VALUE". NULL: nothing. */
        void (*machine)(VbArgv *argv, const VbDevice *device, GString *machine);
        /* See vb_argv_check_start(). NULL: all that it needs can be had. */
        bool (*check_start)(const VbDomainDef *def, const VbDevice *device, GError **error);
} VbArgvClass;

/* The options of the whole machine that its root bus asks for. */
bool vb_argv_add_root_options(VbArgv *argv, GError **error);

extern const VbArgvClass vb_argv_disk;
extern const VbArgvClass vb_argv_controller;
extern const VbArgvClass vb_argv_filesystem;
extern const VbArgvClass vb_argv_interface;
extern const VbArgvClass vb_argv_smartcard;
extern const VbArgvClass vb_argv_serial;
extern const VbArgvClass vb_argv_parallel;
extern const VbArgvClass vb_argv_console;
extern const VbArgvClass vb_argv_channel;
extern const VbArgvClass vb_argv_input;
extern const VbArgvClass vb_argv_graphics;
extern const VbArgvClass vb_argv_sound;
extern const VbArgvClass vb_argv_audio;
extern const VbArgvClass vb_argv_video;
extern const VbArgvClass vb_argv_redirdev;
extern const VbArgvClass vb_argv_redirfilter;
extern const VbArgvClass vb_argv_crypto;
extern const VbArgvClass vb_argv_iommu;
extern const VbArgvClass vb_argv_lease;
extern const VbArgvClass vb_argv_nvram_device;
extern const VbArgvClass vb_argv_shmem;
extern const VbArgvClass vb_argv_memory_device;
extern const VbArgvClass vb_argv_tpm;
extern const VbArgvClass vb_argv_hostdev;
extern const VbArgvClass vb_argv_hub;
extern const VbArgvClass vb_argv_watchdog;
extern const VbArgvClass vb_argv_memballoon;
extern const VbArgvClass vb_argv_rng;
extern const VbArgvClass vb_argv_panic;
extern const VbArgvClass vb_argv_vsock;

/* For check_start: UNSUPPORTED, for a device that is fine as a definition, but needs something of the host
 * that this version does not provide: "@device needs WHAT". */
bool vb_argv_refuse_start(const VbDevice *device, const char *what, GError **error);

/* The socket to the process beside the emulator that @device has; -1 where it has none. */
int vb_argv_end(const VbArgv *argv, const VbDevice *device);

/* What @device was connected to; NULL: nothing, as in a dry run. */
const VbArgvLink *vb_argv_link(const VbArgv *argv, const VbDevice *device);

/* The number of the descriptor of the kernel's device that @device was connected to, or its name for an
 * emulator that runs. NULL where it opens that by itself. Caller frees. */
char *vb_argv_link_fd(const VbArgv *argv, const VbDevice *device);

/* For option values in QEMU's key=value notation: a comma in a value is written twice. Caller frees. */
char *vb_argv_quote(const char *value);

/* Adds "OPTION VALUE"; NULL @value: the option alone. */
void vb_argv_add(VbArgv *argv, const char *option, const char *value);
/* The same in JSON notation, which needs no quoting rules of QEMU's. @object is taken over. */
void vb_argv_add_json(VbArgv *argv, const char *option, json_object *object);

/* The properties of a new "-device": driver, id, and the bus and address it is plugged into. UNSUPPORTED
 * where the emulator has no such device. For drives only the caller can name the bus. */
json_object *vb_argv_device_new(VbArgv *argv, const VbDevice *device, GError **error);
/* What <driver> says of any virtio device. */
void vb_argv_set_virtio_options(json_object *object, const VbVirtioOptions *options);
/* Adds the -device, with the bootindex, option ROM and ACPI index that it has. @object is taken over. */
void vb_argv_add_device(VbArgv *argv, const VbDevice *device, json_object *object);

/* The id of the <audio> that a device asks for by its number, 0: the first. NULL if there is none; caller
 * frees. argv-audio.c */
char *vb_argv_audio_id(const VbArgv *argv, uint32_t id);

/* A piece of memory, as it tells of itself; what it does not tell (0, NULL), its node tells, and else
 * <memoryBacking> and <numatune>. Sizes in bytes. */
typedef struct {
        const char *id;
        uint64_t size;
        int node;             /* the guest's; -1: none */
        bool is_ram;          /* the machine's own */
        const char *path;     /* the file that it is */
        uint64_t page, align; /* of the host's pages; of where it is put */
        const char *nodeset;  /* the host's */
        int access;           /* VbMemoryAccess */
        VbTristate discard;
        bool pmem, prealloc; /* prealloc: taken from the host at once in any case */
        bool on_demand;      /* the device takes it from the host, when the guest wants it */
} VbArgvMemory;

/* A new backend for it. argv-memory.c */
json_object *vb_argv_memory_backend(const VbArgv *argv, const VbArgvMemory *memory);
/* Whether the domain has it taken from the host at once. argv-memory.c */
bool vb_argv_memory_is_immediate(const VbArgv *argv, const VbArgvMemory *memory);

/* QEMU's id of the thread of that number. Caller frees. argv-iothread.c */
char *vb_argv_iothread_id(uint32_t id);

/* QEMU's id of the bus behind a controller: NULL and INVALID_ADDRESS where @device is plugged into nothing.
 */
const VbController *vb_argv_parent(const VbArgv *argv, const VbDevice *device, GError **error);
char *vb_argv_pci_bus(const VbArgv *argv, const VbController *controller);
char *vb_argv_bus(const VbController *controller);

/* Which device boots when, from <boot> of the os and of the devices. */
GHashTable *vb_argv_boot_indexes(const VbDomainDef *def);

/* Adds the object that holds a secret for @device; its id, NULL and an error where the secret cannot be had.
 * @what and @index tell several of one device apart. Caller frees. */
char *vb_argv_add_secret(VbArgv *argv, const VbDevice *device, const char *what, unsigned index,
                         const VbSecretRef *secret, GError **error);
/* The same for the secret called @name that the definition says nothing of: true without an id where there is
 * none. */
bool vb_argv_add_secret_if_given(VbArgv *argv, const VbDevice *device, const char *what, unsigned index,
                                 const char *name, char **ret, GError **error);
