/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/address.h"
#include "conf/secret.h"
#include "conf/xml-record.h"

/* Where the content of a disk is: <source>, with its format and what it is based on.
 * https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms */

/* 0 of every enum stands for what is not given. */
typedef enum {
        VB_STORAGE_NONE,
        VB_STORAGE_FILE,
        VB_STORAGE_BLOCK,
        VB_STORAGE_DIR,
        VB_STORAGE_NETWORK,
        VB_STORAGE_NVME,
        VB_STORAGE_VHOSTUSER,
        VB_STORAGE_VOLUME,
        _VB_STORAGE_MAX,
} VbStorageType;

typedef enum {
        VB_FORMAT_NONE,
        VB_FORMAT_RAW,
        VB_FORMAT_BOCHS,
        VB_FORMAT_CLOOP,
        VB_FORMAT_DMG,
        VB_FORMAT_FAT,
        VB_FORMAT_PLOOP,
        VB_FORMAT_QCOW,
        VB_FORMAT_QCOW2,
        VB_FORMAT_QED,
        VB_FORMAT_VDI,
        VB_FORMAT_VHD,
        VB_FORMAT_VMDK,
        VB_FORMAT_VPC,
        _VB_FORMAT_MAX,
} VbStorageFormat;

typedef enum {
        VB_PROTOCOL_NONE,
        VB_PROTOCOL_NBD,
        VB_PROTOCOL_RBD,
        VB_PROTOCOL_ISCSI,
        VB_PROTOCOL_GLUSTER,
        VB_PROTOCOL_NFS,
        VB_PROTOCOL_SSH,
        VB_PROTOCOL_HTTP,
        VB_PROTOCOL_HTTPS,
        VB_PROTOCOL_FTP,
        VB_PROTOCOL_FTPS,
        _VB_PROTOCOL_MAX,
} VbProtocol;

typedef enum {
        VB_STARTUP_NONE,
        VB_STARTUP_MANDATORY,
        VB_STARTUP_REQUISITE,
        VB_STARTUP_OPTIONAL,
} VbStartupPolicy;

typedef enum { VB_ENCRYPTION_NONE, VB_ENCRYPTION_LUKS, VB_ENCRYPTION_LUKS2 } VbEncryptionFormat;
typedef enum { VB_ENGINE_NONE, VB_ENGINE_QEMU, VB_ENGINE_LIBRBD } VbEncryptionEngine;

/* All structs below are records: see xml-record.h. */
typedef struct {
        int line;
        int transport; /* VbTransport */
        char *name;
        VbNumber port;
        char *socket;
} VbStorageHost;

typedef enum { VB_TRANSPORT_NONE, VB_TRANSPORT_TCP, VB_TRANSPORT_UNIX } VbTransport;

typedef struct {
        int line;
        char *username;
        VbSecretRef *secret;
} VbStorageAuth;

typedef struct {
        int line;
        int format; /* VbEncryptionFormat */
        int engine; /* VbEncryptionEngine */
        VbSecretRef *secret;
} VbStorageEncryption;

typedef struct {
        int line;
        char *name, *value;
} VbCookie;

/* An element that only has one value, in an attribute or a child. */
typedef struct VbStorageOption VbStorageOption;
struct VbStorageOption {
        int line;
        char *text;
        VbNumber number;
        VbTristate yes_no;
        GPtrArray *list;
        VbStorageOption *child;
};

typedef struct {
        int line;
        char *user, *group;
} VbNfsIdentity;

typedef struct {
        int line;
        int type; /* always 1: "storage" */
        VbNumber offset, size;
} VbStorageSlice;

typedef struct {
        int line;
        int type, mode; /* always 1: "unix", "client" */
        char *path;
} VbReservationsSource;

typedef struct {
        int line;
        VbTristate managed;
        VbReservationsSource *source;
} VbReservations;

typedef struct {
        int line;
        VbTristate enabled;
        VbNumber timeout;
} VbReconnect;

typedef struct {
        int line;
        char *path;         /* of a file, a block device, a directory or a vhost-user socket */
        int startup_policy; /* VbStartupPolicy */
        VbNumber index;     /* which node of its disk's; see vb_storage_index() */
        VbStorageOption *slices;
        GPtrArray *labels; /* VbSourceLabel */
        VbStorageAuth *auth;
        VbStorageEncryption *encryption;
        VbReservations *reservations; /* of SCSI reservations; block only */

        int protocol;     /* VbProtocol */
        char *name;       /* below the host: an export, "pool/image", a path... */
        char *query;      /* http, https */
        GPtrArray *hosts; /* VbStorageHost */
        VbTristate tls;   /* nbd */
        char *tls_hostname;
        VbStorageOption *snapshot, *config; /* rbd */
        VbStorageOption *initiator;         /* iscsi: its child <iqn> */
        VbNfsIdentity *identity;            /* nfs, ssh */
        VbStorageOption *ssl;               /* https */
        VbStorageOption *cookies;           /* https, http: only while it is read */
        VbStorageOption *readahead, *timeout;
        VbStorageOption *reconnect_delay; /* nbd */

        int nvme_type, socket_type; /* always 1: "pci", "unix" */
        VbNumber nvme_namespace;
        VbTristate managed;
        VbPciAddress nvme_address;
        VbReconnect *reconnect; /* vhostuser */

        char *pool, *volume;
        int volume_mode;
} VbStorageSource;

typedef struct VbStorage VbStorage;
struct VbStorage {
        VbStorageType type;
        VbStorageFormat format;
        uint64_t metadata_cache; /* bytes, 0: the emulator's default; qcow2 only */
        VbStorageSource *source; /* NULL: there is no medium in the drive */
        VbStorage *backing;      /* NULL: nothing said; one of type NONE: there is none */
        VbNumber index;          /* of a backing store; of the disk itself it is the source's */
};

/* The words of <disk type=''>, <driver type=''> and <source protocol=''>. */
extern const char *const vb_storage_type_words[_VB_STORAGE_MAX];
extern const char *const vb_storage_format_words[_VB_FORMAT_MAX + 1];
extern const char *const vb_protocol_words[_VB_PROTOCOL_MAX + 1];

/* Longest chain of backing stores. */
#define VB_STORAGE_DEPTH_MAX 200

/* Takes type='' or driver/format type='' of @node. */
bool vb_storage_take_type(VbStorage *storage, VbXmlNode *node, bool required, GError **error);
bool vb_storage_take_format(VbStorage *storage, VbXmlNode *node, GError **error);
/* Takes <source>, <auth>, <encryption> and <backingStore> below @node, whose type and format are known. */
bool vb_storage_parse(VbStorage *storage, VbXmlNode *node, GError **error);
/* The <source protocol='iscsi'> of a SCSI unit that is passed to the guest, read into an empty @storage, and
 * the attributes and children of one that is open. */
bool vb_storage_parse_unit(VbStorage *storage, VbXmlNode *source, GError **error);
void vb_storage_format_unit(const VbStorage *storage, VbXmlWriter *writer);
void vb_storage_format(const VbStorage *storage, VbXmlWriter *writer);
void vb_storage_format_metadata_cache(const VbStorage *storage, VbXmlWriter *writer);
bool vb_storage_take_metadata_cache(VbStorage *storage, VbXmlNode *node, GError **error);
void vb_storage_clear(VbStorage *storage);
/* @copy is bit by bit what it is to be a copy of. */
void vb_storage_copy(VbStorage *copy);

/* Numbers the backing stores that have no number of their own, for ever: block nodes are named by them. */
void vb_storage_complete(VbStorage *storage);
/* The number of a part of a chain, 0 for the one that has none. */
unsigned vb_storage_index(const VbStorage *storage);

/* The absolute path of a file or a block device, NULL for anything else. */
const char *vb_storage_path(const VbStorage *storage);
/* Whether a chain says what is at its end. */
const VbStorage *vb_storage_next(const VbStorage *storage);

/* storage-network.c: the fields of <source> for a protocol, and what all its hosts must be like. */
const VbXmlField *vb_protocol_fields(VbProtocol protocol);
bool vb_protocol_check(VbStorageSource *source, VbXmlNode *node, GError **error);
extern const VbXmlField vb_storage_network_fields[]; /* those of all protocols */
