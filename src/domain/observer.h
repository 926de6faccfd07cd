/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "conf/domain-def.h"
#include "domain/words.h"

typedef struct VbDomain VbDomain;

/* What can change of a domain; one bit each. */
typedef enum {
        VB_FIELD_NAME = 1 << 0,
        VB_FIELD_TITLE = 1 << 1,
        VB_FIELD_STATE = 1 << 2, /* and its reason */
        VB_FIELD_PERSISTENT = 1 << 3,
        VB_FIELD_AUTOSTART = 1 << 4,
        VB_FIELD_MACHINE = 1 << 5, /* architecture, machine type, accelerator */
        VB_FIELD_MEMORY = 1 << 6, /* by the definition */
        VB_FIELD_VCPUS = 1 << 7,
        VB_FIELD_PROCESS = 1 << 8, /* pid, runtime directory, start time */
        VB_FIELD_HARDWARE = 1 << 9,
        VB_FIELD_PENDING = 1 << 10,
        VB_FIELD_MEMORY_ACTUAL = 1 << 11,
        VB_FIELD_SAVED = 1 << 12,
} VbField;

/* What can change of the service. */
typedef enum {
        VB_SERVICE_FIELD_DOMAINS = 1 << 0,
        VB_SERVICE_FIELD_RUNNING = 1 << 1,
        VB_SERVICE_FIELD_EMULATOR = 1 << 2,
} VbServiceField;

#define VB_PANIC_NUMBERS_MAX 5

/* What a crashed guest kernel told about itself. */
typedef struct {
        const char *type; /* "hyper-v", "s390"; NULL: nothing */
        struct {
                const char *name;
                uint64_t value;
        } numbers[VB_PANIC_NUMBERS_MAX];
        unsigned n_numbers;
} VbPanicInfo;

/* How news goes up: but for one, the model calls these after it has changed. Each may be NULL. None may change the model. */
typedef struct {
        void (*domain_added)(VbDomain *domain, void *userdata);
        void (*domain_removed)(VbDomain *domain, void *userdata); /* it is still whole */
        /* The one call before a change: the state that is now will not be seen again. */
        void (*state_changing)(VbDomain *domain, void *userdata);
        void (*domain_changed)(VbDomain *domain, VbField fields, void *userdata);
        void (*domain_event)(VbDomain *domain, VbEvent event, VbDetail detail, void *userdata);
        void (*guest_panicked)(VbDomain *domain, VbLifecycleAction action, const VbPanicInfo *info, void *userdata);
        /* The hardware that the domain shows: @device is part of it from now on, or was until now. */
        void (*device_added)(VbDomain *domain, const VbDevice *device, void *userdata);
        void (*device_removed)(VbDomain *domain, const VbDevice *device, void *userdata);
        /* A caller has plugged it in while the guest runs; device_added came before. */
        void (*device_attached)(VbDomain *domain, const VbDevice *device, void *userdata);
        /* It stays; any of its properties may be another, also for what was plugged in beside it. */
        void (*device_changed)(VbDomain *domain, const VbDevice *device, void *userdata);
        void (*service_changed)(VbServiceField fields, void *userdata);
} VbObserver;
