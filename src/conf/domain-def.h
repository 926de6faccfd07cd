/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/clock.h"
#include "conf/commandline.h"
#include "conf/cpu.h"
#include "conf/device.h"
#include "conf/features.h"
#include "conf/iothreads.h"
#include "conf/keywrap.h"
#include "conf/machine-facts.h"
#include "conf/memory-backing.h"
#include "conf/memory.h"
#include "conf/numa.h"
#include "conf/os.h"
#include "conf/pm.h"
#include "conf/sysinfo.h"
#include "conf/tuning.h"
#include "conf/vcpus.h"
#include "util/tristate.h"

/* An identity that changes whenever time was turned back for the guest. */
typedef struct {
        int line;
        char *uuid; /* "" only before completion */
} VbGenid;

typedef enum { VB_VIRT_QEMU, VB_VIRT_KVM } VbVirtType;
typedef enum { VB_BOOT_HD, VB_BOOT_CDROM, VB_BOOT_NETWORK, VB_BOOT_FD, _VB_BOOT_MAX } VbBootDevice;

/* What becomes of a guest that ends by itself. PRESERVE leaves it stopped, to be looked at. */
typedef enum {
        VB_ACTION_DESTROY,
        VB_ACTION_RESTART,
        VB_ACTION_PRESERVE,
        VB_ACTION_RENAME_RESTART,
        VB_ACTION_COREDUMP_DESTROY, /* of a crash only, with the guest's memory in a file before */
        VB_ACTION_COREDUMP_RESTART,
        _VB_ACTION_MAX,
} VbLifecycleAction;

/* A whole domain: what <domain> says. Sizes are bytes. Strings are owned, NULL where not given. */
struct VbDomainDef {
        int line; /* of <domain> in the XML */
        VbVirtType virt_type;
        char *name;
        char uuid[37]; /* canonical text, "" only before completion */
        char *title;
        char *description;
        VbGenid *genid;          /* NULL: none */
        GPtrArray *metadata;     /* char *, XML text of the elements, owned; NULL: none */
        VbMaxMemory *max_memory; /* NULL: nothing can be plugged in */
        VbTristate dump_core;
        uint64_t memory;         /* what the guest has at most */
        uint64_t current_memory; /* what the balloon leaves it */
        VbBlockTune *blkiotune;  /* this and what follows: NULL where nothing is said */
        VbMemTune *memtune;
        VbMemoryBacking *memory_backing;
        uint32_t vcpus_max, vcpus;
        int vcpu_placement; /* VbPlacement */
        char *vcpu_cpuset;
        VbVcpus *vcpu_list;
        VbIothreads *iothreads;
        VbIothread *default_iothread;
        VbCpuTune *cputune;
        VbNumaTune *numatune;
        VbResource *resource;
        GPtrArray *sysinfos; /* VbSysinfo */
        struct {
                char *arch;
                char *machine; /* versioned after completion */
                int firmware;  /* VbFirmwareKind */
                VbFirmwareWish *wish;
                VbLoader *loader;
                VbNvram *nvram;
                char *kernel, *initrd, *cmdline, *dtb;
                VbAcpiTables *acpi;
                VbBootMenu *bootmenu;
                VbSmbiosChoice *smbios;
                VbBios *bios;
                VbBootDevice boot[_VB_BOOT_MAX];
                uint32_t n_boot;
        } os;
        VbFeatures *features; /* never NULL once it is read */
        VbCpu *cpu;           /* NULL: nothing is said, and the machine has no usual one */
        VbClock *clock;       /* never NULL once it is read */
        VbLifecycleAction on_poweroff, on_reboot, on_crash;
        int on_lock_failure; /* 0: nothing is said */
        VbPerf *perf;
        VbKeyWrap *keywrap;
        VbPm *pm;                   /* NULL: nothing is said */
        GPtrArray *seclabels;       /* VbSeclabel; NULL: none */
        VbCommandline *commandline; /* NULL: none */
        char *emulator;
        GPtrArray *devices; /* VbDevice *, owned; after completion in the order of canonical XML */
        GPtrArray *notes;   /* char *: what of the text was read and not kept; NULL: nothing. Not copied */
};

/* A definition with the defaults that hold for what is not said. */
VbDomainDef *vb_domain_def_new(void);
void vb_domain_def_free(VbDomainDef *def);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbDomainDef, vb_domain_def_free)

/* Largest accepted XML text, in bytes. Real definitions are below 100 KiB. */
#define VB_XML_SIZE_MAX (1U << 20)

/* Most devices of one definition, controllers included. The PCI buses of a machine and their hubs hold fewer
 * in practice; the limit bounds what one definition costs. */
#define VB_DEVICES_MAX 1024

/* Longest name of a domain, in bytes: it becomes part of unit names and of messages. */
#define VB_NAME_LENGTH_MAX 128

/* Why @name cannot be a domain's name, NULL if it can: it is empty, too long, "." or "..", not UTF-8, or has
 * '/' or control characters. A static string that follows "the name ". */
const char *vb_domain_name_problem(const char *name);

/* Reads a UUID as people write it, with hyphens anywhere or nowhere and in any case, into its canonical
 * lower-case form. */
bool vb_uuid_from_string(const char *text, char ret[static 37]);

/* Reads a definition: NULL and INVALID_XML or UNSUPPORTED for text that is not XML, is too large or too deep,
 * has entities or a DTD, or says anything that this version does not understand. Nothing is filled in: see
 * complete.h. No file or network is touched. */
VbDomainDef *vb_domain_def_parse(const char *text, gsize length, GError **error);

/* The same from a document that was read already: see xml-reader.h. */
typedef struct VbXmlDocument VbXmlDocument;
VbDomainDef *vb_domain_def_read(VbXmlDocument *document, GError **error);

/* One device from its own XML. @notes as of a domain, unrefd by the caller; NULL: not wanted. */
VbDevice *vb_device_parse(const char *text, gsize length, GPtrArray **notes, GError **error);

/* The XML text; for a completed definition it is canonical: parsing and completing it gives it again, byte
 * for byte. Caller frees. */
char *vb_domain_def_format(const VbDomainDef *def);

/* The same for a service of another release, which may be older: everything that decides what the guest sees
 * (models, addresses, chassis and port numbers), without words for what has never been otherwise, which a
 * release that does not know them would refuse. Completing it gives canonical XML again. */
char *vb_domain_def_format_migratable(const VbDomainDef *def);

/* What the guest starts with: all its memory but that of devices, in bytes. */
uint64_t vb_domain_def_initial_memory(const VbDomainDef *def);

/* A deep copy. */
VbDomainDef *vb_domain_def_copy(const VbDomainDef *def);

/* Whether it is a PC's architecture; false while none is chosen. */
bool vb_domain_def_is_x86(const VbDomainDef *def);

/* NULL where there is none. The result is the definition's. */
VbDevice *vb_domain_def_find_device(const VbDomainDef *def, const char *alias);
/* The controller that @device is plugged into by its address; NULL for what sits on no controller. */
VbDevice *vb_domain_def_find_parent(const VbDomainDef *def, const VbDevice *device);
