/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/virtio.h"
#include "conf/xml-record.h"

/* 0 of every enum stands for what is not given. */
typedef enum { VB_FS_ACCESS_NONE, VB_FS_PASSTHROUGH, VB_FS_MAPPED, VB_FS_SQUASH } VbFilesystemAccess;
typedef enum { VB_FS_MULTIDEVS_NONE, VB_FS_REMAP, VB_FS_FORBID, VB_FS_WARN } VbFilesystemMultidevs;
typedef enum { VB_FS_DRIVER_NONE, VB_FS_PATH, VB_FS_VIRTIOFS } VbFilesystemDriver;

typedef struct {
        int line;
        int word; /* of the element's own list */
} VbFilesystemMode;

typedef struct {
        int line;
        VbTristate posix, flock;
} VbFilesystemLock;

typedef struct {
        int line;
        VbNumber size;
} VbFilesystemThreads;

/* <binary>: the process beside the emulator that serves virtiofs. */
typedef struct {
        int line;
        char *path;
        VbTristate xattr;
        VbFilesystemMode *cache, *sandbox;
        VbFilesystemLock *lock;
        VbFilesystemThreads *thread_pool;
} VbFilesystemBinary;

/* <filesystem>: https://libvirt.org/formatdomain.html#filesystems */
typedef struct {
        VbDevice base;
        VbVirtioModel model;
        bool has_model;             /* <filesystem model=''> is given */
        int access;                 /* VbFilesystemAccess */
        int multidevs;              /* VbFilesystemMultidevs */
        char *file_mode, *dir_mode; /* octal, of what the guest makes; mapped only */
        int driver;                 /* VbFilesystemDriver */
        bool write_immediately;     /* <driver wrpolicy='immediate'> */
        VbNumber queue;             /* virtiofs: entries of its queue */
        VbVirtioOptions virtio;
        VbFilesystemBinary *binary; /* virtiofs; may be NULL */
        char *dir, *socket;         /* what is shared: one of them */
        char *tag;                  /* what the guest mounts */
        bool readonly;
        uint64_t hard_limit, soft_limit; /* bytes, of containers: kept, and nothing else */
} VbFilesystem;

/* Of VbFilesystemMode.word. */
extern const char *const vb_filesystem_cache_words[];
extern const char *const vb_filesystem_sandbox_words[];

bool vb_filesystem_is_virtiofs(const VbFilesystem *filesystem);

extern const VbDeviceClass vb_filesystem_class;
