/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage as XML: where an image is, what it is based on, and how it is encrypted. What is below a network
 * protocol is storage-network.c. */
#include "conf/storage.h"

#include <string.h>

#include "conf/domain-values.h"
#include "conf/source-label.h"
#include "util/error.h"

/* Numbers of block nodes are a part of their names, which are short. */
#define INDEX_MAX 999

const char *const vb_storage_type_words[_VB_STORAGE_MAX] = {
        [VB_STORAGE_FILE] = "file",       [VB_STORAGE_BLOCK] = "block", [VB_STORAGE_DIR] = "dir",
        [VB_STORAGE_NETWORK] = "network", [VB_STORAGE_NVME] = "nvme",   [VB_STORAGE_VHOSTUSER] = "vhostuser",
        [VB_STORAGE_VOLUME] = "volume",
};

const char *const vb_storage_format_words[_VB_FORMAT_MAX + 1] = {
        [VB_FORMAT_RAW] = "raw",   [VB_FORMAT_BOCHS] = "bochs", [VB_FORMAT_CLOOP] = "cloop",
        [VB_FORMAT_DMG] = "dmg",   [VB_FORMAT_FAT] = "fat",     [VB_FORMAT_PLOOP] = "ploop",
        [VB_FORMAT_QCOW] = "qcow", [VB_FORMAT_QCOW2] = "qcow2", [VB_FORMAT_QED] = "qed",
        [VB_FORMAT_VDI] = "vdi",   [VB_FORMAT_VHD] = "vhd",     [VB_FORMAT_VMDK] = "vmdk",
        [VB_FORMAT_VPC] = "vpc",
};

static const char *const startup_words[] = { NULL, "mandatory", "requisite", "optional", NULL };
static const char *const encryption_words[] = { NULL, "luks", "luks2", NULL };
static const char *const engine_words[] = { NULL, "qemu", "librbd", NULL };
static const char *const slice_words[] = { NULL, "storage", NULL };
static const char *const pci_words[] = { NULL, "pci", NULL };
static const char *const unix_words[] = { NULL, "unix", NULL };
static const char *const client_words[] = { NULL, "client", NULL };
static const char *const volume_mode_words[] = { NULL, "host", "direct", NULL };

static const VbXmlField auth_fields[] = {
        VB_XML_WITH("username", ATTRIBUTE, STRING, VbStorageAuth, username, .required = true),
        VB_XML_WITH("secret", CHILD, RECORD, VbStorageAuth, secret, .required = true,
                    .record = &vb_secret_record),
        { 0 },
};
static const VbXmlRecord auth_record = { .size = sizeof(VbStorageAuth), .fields = auth_fields };

static bool check_encryption(void *record, VbXmlNode *node, GError **error)
{
        VbStorageEncryption *encryption = record;

        if (!g_str_equal(encryption->secret->type, "passphrase"))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "the secret has type='passphrase', not '%s'", encryption->secret->type);
        if (encryption->engine == VB_ENGINE_NONE)
                encryption->engine = VB_ENGINE_QEMU;
        if (encryption->format == VB_ENCRYPTION_LUKS2 && encryption->engine == VB_ENGINE_QEMU)
                return vb_xml_error(
                        node, VB_ERROR_UNSUPPORTED, error,
                        "format='luks2' needs engine='librbd': the emulator itself has luks only");
        return true;
}

static const VbXmlField encryption_fields[] = {
        VB_XML_WITH("format", ATTRIBUTE, WORD, VbStorageEncryption, format, .required = true,
                    .words = encryption_words, .foreign = "default qcow luks-any"),
        VB_XML_WITH("engine", ATTRIBUTE, WORD, VbStorageEncryption, engine, .words = engine_words),
        VB_XML_WITH("secret", CHILD, RECORD, VbStorageEncryption, secret, .required = true,
                    .record = &vb_secret_record),
        { 0 },
};
static const VbXmlRecord encryption_record = { .size = sizeof(VbStorageEncryption),
                                               .fields = encryption_fields,
                                               .check = check_encryption };

static const VbXmlField slice_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbStorageSlice, type, .required = true, .words = slice_words),
        VB_XML_WITH("offset", ATTRIBUTE, NUMBER, VbStorageSlice, offset, .required = true),
        VB_XML_WITH("size", ATTRIBUTE, NUMBER, VbStorageSlice, size, .required = true, .min = 1,
                    .max = INT64_MAX),
        { 0 },
};
static const VbXmlRecord slice_record = { .size = sizeof(VbStorageSlice), .fields = slice_fields };

static bool check_slices(void *record, VbXmlNode *node, GError **error)
{
        const VbStorageOption *slices = record;

        return vb_list_length(slices->list) == 1 ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "there is exactly one <slice>");
}

static const VbXmlField slices_fields[] = {
        VB_XML_WITH("slice", CHILD, LIST, VbStorageOption, list, .record = &slice_record),
        { 0 },
};
static const VbXmlRecord slices_record = { .size = sizeof(VbStorageOption),
                                           .fields = slices_fields,
                                           .check = check_slices };

static const VbXmlField reservations_source_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbReservationsSource, type, .required = true,
                    .words = unix_words),
        VB_XML_WITH("path", ATTRIBUTE, PATH, VbReservationsSource, path, .required = true),
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbReservationsSource, mode, .required = true,
                    .words = client_words),
        { 0 },
};
static const VbXmlRecord reservations_source_record = { .size = sizeof(VbReservationsSource),
                                                        .fields = reservations_source_fields };

static bool check_reservations(void *record, VbXmlNode *node, GError **error)
{
        const VbReservations *reservations = record;

        /* What the service itself runs says where it listens, when it runs. */
        if (reservations->managed == VB_TRISTATE_OFF && !reservations->source)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "managed='no' needs <source type='unix' path='/...' mode='client'/>");
        return true;
}

static const VbXmlField reservations_fields[] = {
        VB_XML_WITH("managed", ATTRIBUTE, YES_NO, VbReservations, managed, .required = true),
        VB_XML_WITH("source", CHILD, RECORD, VbReservations, source, .record = &reservations_source_record),
        { 0 },
};
static const VbXmlRecord reservations_record = { .size = sizeof(VbReservations),
                                                 .fields = reservations_fields,
                                                 .check = check_reservations };

static bool check_reconnect(void *record, VbXmlNode *node, GError **error)
{
        const VbReconnect *reconnect = record;

        return reconnect->enabled != VB_TRISTATE_ON || reconnect->timeout.given ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                            "enabled='yes' needs timeout='...', in seconds");
}

static const VbXmlField reconnect_fields[] = {
        VB_XML_WITH("enabled", ATTRIBUTE, YES_NO, VbReconnect, enabled, .required = true),
        VB_XML_WITH("timeout", ATTRIBUTE, NUMBER, VbReconnect, timeout, .min = 1, .max = UINT32_MAX),
        { 0 },
};
static const VbXmlRecord reconnect_record = { .size = sizeof(VbReconnect),
                                              .fields = reconnect_fields,
                                              .check = check_reconnect };

#define SOURCE(name, place, type, member) VB_XML(name, place, type, VbStorageSource, member)
#define SOURCE_WITH(name, place, type, member, ...)                                                          \
        VB_XML_WITH(name, place, type, VbStorageSource, member, __VA_ARGS__)
#define STARTUP SOURCE_WITH("startupPolicy", ATTRIBUTE, WORD, startup_policy, .words = startup_words)
#define INDEX SOURCE_WITH("index", ATTRIBUTE, NUMBER, index, .min = 1, .max = INDEX_MAX)
#define SLICES SOURCE_WITH("slices", CHILD, RECORD, slices, .record = &slices_record)
#define AUTH SOURCE_WITH("auth", CHILD, RECORD, auth, .record = &auth_record)
#define ENCRYPTION SOURCE_WITH("encryption", CHILD, RECORD, encryption, .record = &encryption_record)
#define RESERVATIONS SOURCE_WITH("reservations", CHILD, RECORD, reservations, .record = &reservations_record)

/* The attributes and children of <source>, for each type of storage. Paths need not be absolute to be kept: a
 * start refuses what it cannot find. */
static const VbXmlField file_fields[] = {
        SOURCE("file", ATTRIBUTE, STRING, path), STARTUP, INDEX, SLICES, ENCRYPTION, { 0 },
};
static const VbXmlField block_fields[] = {
        SOURCE("dev", ATTRIBUTE, STRING, path), STARTUP, INDEX, SLICES, ENCRYPTION, RESERVATIONS, { 0 },
};
static const VbXmlField dir_fields[] = {
        SOURCE("dir", ATTRIBUTE, STRING, path),
        STARTUP,
        INDEX,
        { 0 },
};
static const VbXmlField network_fields[] = {
        SOURCE_WITH("protocol", ATTRIBUTE, WORD, protocol, .required = true, .words = vb_protocol_words,
                    .foreign = "sheepdog tftp vxhs"),
        INDEX,
        { 0 },
};
/* After what belongs to the protocol. */
static const VbXmlField network_children[] = { SLICES, AUTH, ENCRYPTION, { 0 } };
static const VbXmlField unit_children[] = { AUTH, { 0 } };
static const VbXmlField nvme_fields[] = {
        SOURCE_WITH("type", ATTRIBUTE, WORD, nvme_type, .required = true, .words = pci_words),
        SOURCE("managed", ATTRIBUTE, YES_NO, managed),
        SOURCE_WITH("namespace", ATTRIBUTE, NUMBER, nvme_namespace, .required = true, .min = 1,
                    .max = UINT32_MAX),
        INDEX,
        ENCRYPTION,
        { 0 },
};
static const VbXmlField vhostuser_fields[] = {
        SOURCE_WITH("type", ATTRIBUTE, WORD, socket_type, .required = true, .words = unix_words),
        SOURCE_WITH("path", ATTRIBUTE, PATH, path, .required = true),
        SOURCE_WITH("reconnect", CHILD, RECORD, reconnect, .record = &reconnect_record),
        { 0 },
};
static const VbXmlField volume_fields[] = {
        SOURCE("pool", ATTRIBUTE, STRING, pool),
        SOURCE("volume", ATTRIBUTE, STRING, volume),
        SOURCE_WITH("mode", ATTRIBUTE, WORD, volume_mode, .words = volume_mode_words),
        STARTUP,
        INDEX,
        ENCRYPTION,
        { 0 },
};

static const VbXmlField *const source_fields[_VB_STORAGE_MAX] = {
        [VB_STORAGE_FILE] = file_fields,     [VB_STORAGE_BLOCK] = block_fields,
        [VB_STORAGE_DIR] = dir_fields,       [VB_STORAGE_NETWORK] = network_fields,
        [VB_STORAGE_NVME] = nvme_fields,     [VB_STORAGE_VHOSTUSER] = vhostuser_fields,
        [VB_STORAGE_VOLUME] = volume_fields,
};

/* Everything that a source of any type owns. */
static const VbXmlField owned_fields[] = {
        SOURCE("path", ATTRIBUTE, STRING, path),
        SOURCE("pool", ATTRIBUTE, STRING, pool),
        SOURCE("volume", ATTRIBUTE, STRING, volume),
        SOURCE_WITH("reconnect", CHILD, RECORD, reconnect, .record = &reconnect_record),
        SLICES,
        AUTH,
        ENCRYPTION,
        RESERVATIONS,
        { 0 },
};

bool vb_storage_take_type(VbStorage *storage, VbXmlNode *node, bool required, GError **error)
{
        int type = required ? VB_STORAGE_NONE : VB_STORAGE_FILE;

        if (!vb_xml_take_word(node, "type", vb_storage_type_words, _VB_STORAGE_MAX, "vhostvdpa", &type,
                              error))
                return false;
        storage->type = (VbStorageType) type;
        return type != VB_STORAGE_NONE ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'type' is missing");
}

bool vb_storage_take_format(VbStorage *storage, VbXmlNode *node, GError **error)
{
        const char *text = vb_xml_take_attribute(node, "type");
        int format = (int) storage->format;

        /* An old name for the raw format. */
        if (g_strcmp0(text, "aio") == 0) {
                storage->format = VB_FORMAT_RAW;
                return true;
        }
        if (g_strcmp0(text, "luks") == 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "type='luks' is not known; a LUKS image has type='raw' and "
                                    "<encryption format='luks'>");
        if (!vb_xml_take_word(node, "type", vb_storage_format_words, _VB_FORMAT_MAX, "cow dir iso none",
                              &format, error))
                return false;
        storage->format = (VbStorageFormat) format;
        return true;
}

bool vb_storage_take_metadata_cache(VbStorage *storage, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "metadata_cache");

        if (!child)
                return true;
        child = vb_xml_take_child(child, "max_size");
        if (!child)
                return true;
        /* Unlike elsewhere, a number without a unit is one of bytes. */
        if (!vb_xml_take_attribute(child, "unit")) {
                guint64 bytes = 0;

                if (!g_ascii_string_to_unsigned(vb_xml_take_text(child), 10, 1, INT64_MAX, &bytes, NULL))
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "this is not a positive number");
                storage->metadata_cache = bytes;
        } else if (!vb_xml_take_size(child, &storage->metadata_cache, error)) {
                return false;
        }
        return storage->format == VB_FORMAT_QCOW2 ||
               vb_xml_error(child, VB_ERROR_UNSUPPORTED, error, "only qcow2 images have a metadata cache");
}

void vb_storage_format_metadata_cache(const VbStorage *storage, VbXmlWriter *writer)
{
        g_autofree char *size = NULL;

        if (storage->metadata_cache == 0)
                return;
        size = g_strdup_printf("%" G_GUINT64_FORMAT, storage->metadata_cache);
        vb_xml_open(writer, "metadata_cache");
        vb_xml_open(writer, "max_size");
        vb_xml_attribute(writer, "unit", "bytes");
        vb_xml_text(writer, size);
        vb_xml_close(writer);
        vb_xml_close(writer);
}

/* What of a source is a file on the host, and so can be labelled. */
static bool has_labels(VbStorageType type)
{
        return type == VB_STORAGE_FILE || type == VB_STORAGE_BLOCK || type == VB_STORAGE_VOLUME;
}

static bool parse_nvme(VbStorageSource *source, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "address");
        int domain = 0, bus = 0, slot = 0, function = 0;

        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<address domain='' bus='' slot='' function=''/> is missing");
        if (source->managed == VB_TRISTATE_UNSET)
                source->managed = VB_TRISTATE_ON;
        if (!vb_xml_take_int(child, "domain", 0, 0xffff, &domain, error) ||
            !vb_xml_take_int(child, "bus", 0, 0xff, &bus, error) ||
            !vb_xml_take_int(child, "slot", 0, 0x1f, &slot, error) ||
            !vb_xml_take_int(child, "function", 0, 7, &function, error))
                return false;
        source->nvme_address = (VbPciAddress){ .domain = (uint16_t) domain,
                                               .bus = (uint8_t) bus,
                                               .slot = (uint8_t) slot,
                                               .function = (uint8_t) function };
        return true;
}

static void format_nvme(const VbStorageSource *source, VbXmlWriter *writer)
{
        vb_xml_open(writer, "address");
        vb_xml_attribute_hex(writer, "domain", source->nvme_address.domain, 4);
        vb_xml_attribute_hex(writer, "bus", source->nvme_address.bus, 2);
        vb_xml_attribute_hex(writer, "slot", source->nvme_address.slot, 2);
        vb_xml_attribute_hex(writer, "function", source->nvme_address.function, 1);
        vb_xml_close(writer);
}

static bool parse_network(VbStorageSource *source, const VbXmlField *children, VbXmlNode *node,
                          GError **error)
{
        return vb_xml_fields_parse(vb_protocol_fields((VbProtocol) source->protocol), node, source, error) &&
               vb_xml_fields_parse(children, node, source, error) && vb_protocol_check(source, node, error);
}

static void format_network(const VbStorageSource *source, const VbXmlField *children, VbXmlWriter *writer)
{
        vb_xml_fields_format(vb_protocol_fields((VbProtocol) source->protocol), source, writer);
        vb_xml_fields_format(children, source, writer);
}

bool vb_storage_parse_unit(VbStorage *storage, VbXmlNode *node, GError **error)
{
        VbStorageSource *source = g_new0(VbStorageSource, 1);

        *storage = (VbStorage){ .type = VB_STORAGE_NETWORK, .format = VB_FORMAT_RAW, .source = source };
        source->line = vb_xml_node_line(node);
        source->protocol = VB_PROTOCOL_ISCSI;
        return parse_network(source, unit_children, node, error);
}

void vb_storage_format_unit(const VbStorage *storage, VbXmlWriter *writer)
{
        vb_xml_attribute(writer, "protocol", vb_protocol_words[storage->source->protocol]);
        format_network(storage->source, unit_children, writer);
}

static bool check_volume(VbStorageSource *source, VbXmlNode *node, GError **error)
{
        return (source->pool && source->volume) ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'pool' and 'volume' are both needed");
}

/* Whether there is anything in a <source>, which of a drive without a medium may be there all the same. */
static bool is_empty_source(VbStorageType type, const VbStorageSource *source)
{
        return !source->path &&
               (type == VB_STORAGE_FILE || type == VB_STORAGE_BLOCK || type == VB_STORAGE_DIR);
}

static bool parse_source(VbStorage *storage, VbXmlNode *node, GError **error)
{
        VbStorageSource *source = storage->source;

        if (!vb_xml_fields_parse(source_fields[storage->type], node, source, error) ||
            (has_labels(storage->type) && !vb_source_labels_parse(&source->labels, node, error)))
                return false;
        switch (storage->type) {
        case VB_STORAGE_NETWORK:
                return parse_network(source, network_children, node, error);
        case VB_STORAGE_NVME:
                return parse_nvme(source, node, error);
        case VB_STORAGE_VOLUME:
                return check_volume(source, node, error);
        default:
                return true;
        }
}

static void free_source(VbStorageSource *source)
{
        if (!source)
                return;
        vb_xml_fields_clear(owned_fields, source);
        vb_xml_fields_clear(vb_storage_network_fields, source);
        vb_source_labels_clear(&source->labels);
        g_free(source);
}

/* <auth> and <encryption> have also been children of <disk> itself. */
static bool parse_outer(VbStorage *storage, VbXmlNode *node, GError **error)
{
        static const VbXmlField fields[] = { AUTH, ENCRYPTION, { 0 } };
        VbStorageSource outer = { 0 };
        bool ok = vb_xml_fields_parse(fields, node, &outer, error);

        if (ok && (outer.auth || outer.encryption) && !storage->source)
                ok = vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                  "<auth> or <encryption> without a <source>");
        if (ok && outer.auth && storage->type != VB_STORAGE_NETWORK)
                ok = vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                  "<auth> is for network protocols, and type='%s' is none",
                                  vb_storage_type_words[storage->type]);
        if (ok && outer.auth && !storage->source->auth)
                storage->source->auth = g_steal_pointer(&outer.auth);
        if (ok && outer.encryption && !storage->source->encryption)
                storage->source->encryption = g_steal_pointer(&outer.encryption);
        vb_xml_fields_clear(fields, &outer);
        return ok;
}

static bool check_encrypted(const VbStorage *storage, VbXmlNode *node, GError **error)
{
        const VbStorageSource *source = storage->source;
        const VbStorageEncryption *encryption = source ? source->encryption : NULL;

        if (!encryption)
                return true;
        if (encryption->engine == VB_ENGINE_LIBRBD && source->protocol != VB_PROTOCOL_RBD)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "<encryption engine='librbd'> is for protocol='rbd'");
        if (encryption->engine == VB_ENGINE_QEMU && storage->format != VB_FORMAT_RAW &&
            storage->format != VB_FORMAT_QCOW2)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "<encryption> is for the formats raw and qcow2, not '%s'",
                                    vb_storage_format_words[storage->format]);
        if (storage->type == VB_STORAGE_DIR || storage->type == VB_STORAGE_VHOSTUSER)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error, "type='%s' takes no <encryption>",
                                    vb_storage_type_words[storage->type]);
        return true;
}

static bool parse_backing(VbStorage *storage, VbXmlNode *node, unsigned depth, GError **error);

static bool parse_at(VbStorage *storage, VbXmlNode *node, unsigned depth, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "source");

        if (child) {
                storage->source = g_new0(VbStorageSource, 1);
                storage->source->line = vb_xml_node_line(child);
                if (!parse_source(storage, child, error))
                        return false;
                if (is_empty_source(storage->type, storage->source))
                        g_clear_pointer(&storage->source, free_source);
        }
        if (!parse_outer(storage, node, error) || !check_encrypted(storage, node, error))
                return false;
        child = vb_xml_take_child(node, "backingStore");
        return !child || parse_backing(storage, child, depth + 1, error);
}

static const VbXmlField backing_fields[] = {
        VB_XML_WITH("index", ATTRIBUTE, NUMBER, VbStorage, index, .min = 1, .max = INDEX_MAX),
        { 0 },
};

static bool parse_backing(VbStorage *storage, VbXmlNode *node, unsigned depth, GError **error)
{
        VbStorage *backing = storage->backing = g_new0(VbStorage, 1);
        VbXmlNode *format = NULL;

        if (depth > VB_STORAGE_DEPTH_MAX)
                return vb_xml_error(node, VB_ERROR_LIMITS_EXCEEDED, error,
                                    "a chain has at most %d backing stores", VB_STORAGE_DEPTH_MAX);
        /* An empty one says that the chain ends here. */
        if (!vb_xml_next_child(node, NULL) && !vb_xml_take_attribute(node, "type"))
                return true;
        format = vb_xml_take_child(node, "format");
        if (!format)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<format type=''/> is missing: what an image says itself is not trusted");
        if (!vb_storage_take_type(backing, node, true, error) ||
            !vb_xml_fields_parse(backing_fields, node, backing, error) ||
            !vb_storage_take_format(backing, format, error) ||
            !vb_storage_take_metadata_cache(backing, format, error) || !parse_at(backing, node, depth, error))
                return false;
        if (backing->format == VB_FORMAT_NONE)
                return vb_xml_error(format, VB_ERROR_INVALID_XML, error, "the attribute 'type' is missing");
        return backing->source ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source> is missing or empty");
}

bool vb_storage_parse(VbStorage *storage, VbXmlNode *node, GError **error)
{
        return parse_at(storage, node, 0, error);
}

static void format_source(const VbStorage *storage, VbXmlWriter *writer)
{
        const VbStorageSource *source = storage->source;

        vb_xml_open(writer, "source");
        vb_xml_fields_format(source_fields[storage->type], source, writer);
        if (storage->type == VB_STORAGE_NETWORK)
                format_network(source, network_children, writer);
        else if (storage->type == VB_STORAGE_NVME)
                format_nvme(source, writer);
        vb_source_labels_write(source->labels, writer);
        vb_xml_close(writer);
}

static void format_backing(const VbStorage *backing, VbXmlWriter *writer)
{
        vb_xml_open(writer, "backingStore");
        if (backing->type != VB_STORAGE_NONE) {
                vb_xml_attribute(writer, "type", vb_storage_type_words[backing->type]);
                vb_xml_fields_format(backing_fields, backing, writer);
                vb_xml_open(writer, "format");
                vb_xml_attribute(writer, "type", vb_storage_format_words[backing->format]);
                vb_storage_format_metadata_cache(backing, writer);
                vb_xml_close(writer);
                vb_storage_format(backing, writer);
        }
        vb_xml_close(writer);
}

void vb_storage_format(const VbStorage *storage, VbXmlWriter *writer)
{
        if (storage->source)
                format_source(storage, writer);
        if (storage->backing)
                format_backing(storage->backing, writer);
}

void vb_storage_clear(VbStorage *storage)
{
        g_clear_pointer(&storage->source, free_source);
        /* Not by recursion: a chain may be long. */
        for (VbStorage *backing = g_steal_pointer(&storage->backing); backing;) {
                VbStorage *next = backing->backing;

                free_source(backing->source);
                g_free(backing);
                backing = next;
        }
}

void vb_storage_copy(VbStorage *copy)
{
        for (VbStorage *at = copy; at; at = at->backing) {
                if (at->source) {
                        at->source = g_memdup2(at->source, sizeof(*at->source));
                        vb_xml_fields_copy(owned_fields, at->source, at->source);
                        vb_xml_fields_copy(vb_storage_network_fields, at->source, at->source);
                        at->source->labels = vb_source_labels_copy(at->source->labels);
                }
                if (at->backing)
                        at->backing = g_memdup2(at->backing, sizeof(*at->backing));
        }
}

unsigned vb_storage_index(const VbStorage *storage)
{
        if (storage->index.given)
                return (unsigned) storage->index.value;
        return storage->source && storage->source->index.given ? (unsigned) storage->source->index.value : 0;
}

static bool is_index_used(const VbStorage *top, const VbStorage *end, unsigned index)
{
        for (const VbStorage *at = top; at != end; at = at->backing)
                if (vb_storage_index(at) == index)
                        return true;
        return false;
}

void vb_storage_complete(VbStorage *storage)
{
        /* Two with the same number: the one that comes later in the chain gets another. */
        for (VbStorage *at = storage->backing; at && at->type != VB_STORAGE_NONE; at = at->backing) {
                if (at->index.given && is_index_used(storage, at, vb_storage_index(at)))
                        at->index.given = false;
                if (at->source)
                        at->source->index.given = false;
        }
        for (VbStorage *at = storage->backing; at && at->type != VB_STORAGE_NONE; at = at->backing) {
                unsigned index = 1;

                if (at->index.given)
                        continue;
                while (is_index_used(storage, NULL, index))
                        index++;
                at->index = (VbNumber){ .value = index, .given = true };
        }
}

const VbStorage *vb_storage_next(const VbStorage *storage)
{
        return storage->backing && storage->backing->type != VB_STORAGE_NONE ? storage->backing : NULL;
}

const char *vb_storage_path(const VbStorage *storage)
{
        bool local = storage->type == VB_STORAGE_FILE || storage->type == VB_STORAGE_BLOCK;

        return local && storage->source ? storage->source->path : NULL;
}
