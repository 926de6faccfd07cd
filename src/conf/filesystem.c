/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <filesystem>: folders of the host that a guest mounts, over 9p or virtiofs. */
#include "conf/filesystem.h"

#include <string.h>

#include "conf/complete-steps.h"
#include "conf/domain-values.h"
#include "conf/memory-backing.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* What the emulator's devices take for a tag, in bytes. */
#define TAG_LENGTH_9P 31
#define TAG_LENGTH_VIRTIOFS 36

#define QUEUE_MAX 1024

static const char *const type_words[] = { NULL, "mount" };
static const char *const access_words[] = { NULL, "passthrough", "mapped", "squash", NULL };
static const char *const multidevs_words[] = { NULL, "remap", "forbid", "warn", NULL };
static const char *const driver_words[] = { NULL, "path", "virtiofs", NULL };
const char *const vb_filesystem_cache_words[] = { NULL, "none", "auto", "always", NULL };
const char *const vb_filesystem_sandbox_words[] = { NULL, "namespace", "chroot", NULL };

static const VbXmlField cache_fields[] = {
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbFilesystemMode, word, .required = true,
                    .words = vb_filesystem_cache_words),
        { 0 },
};
static const VbXmlRecord cache_record = { .size = sizeof(VbFilesystemMode), .fields = cache_fields };

static const VbXmlField sandbox_fields[] = {
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbFilesystemMode, word, .required = true,
                    .words = vb_filesystem_sandbox_words),
        { 0 },
};
static const VbXmlRecord sandbox_record = { .size = sizeof(VbFilesystemMode), .fields = sandbox_fields };

static const VbXmlField lock_fields[] = {
        VB_XML("posix", ATTRIBUTE, SWITCH, VbFilesystemLock, posix),
        VB_XML("flock", ATTRIBUTE, SWITCH, VbFilesystemLock, flock),
        { 0 },
};
static const VbXmlRecord lock_record = { .size = sizeof(VbFilesystemLock), .fields = lock_fields };

static const VbXmlField threads_fields[] = {
        VB_XML_WITH("size", ATTRIBUTE, NUMBER, VbFilesystemThreads, size, .required = true, .max = INT32_MAX),
        { 0 },
};
static const VbXmlRecord threads_record = { .size = sizeof(VbFilesystemThreads), .fields = threads_fields };

static const VbXmlField binary_fields[] = {
        VB_XML("path", ATTRIBUTE, PATH, VbFilesystemBinary, path),
        VB_XML("xattr", ATTRIBUTE, SWITCH, VbFilesystemBinary, xattr),
        VB_XML_WITH("cache", CHILD, RECORD, VbFilesystemBinary, cache, .record = &cache_record),
        VB_XML_WITH("sandbox", CHILD, RECORD, VbFilesystemBinary, sandbox, .record = &sandbox_record),
        VB_XML_WITH("lock", CHILD, RECORD, VbFilesystemBinary, lock, .record = &lock_record),
        VB_XML_WITH("thread_pool", CHILD, RECORD, VbFilesystemBinary, thread_pool, .record = &threads_record),
        { 0 },
};
static const VbXmlRecord binary_record = { .size = sizeof(VbFilesystemBinary), .fields = binary_fields };

static const VbXmlField binary_child[] = {
        VB_XML_WITH("binary", CHILD, RECORD, VbFilesystem, binary, .record = &binary_record),
        { 0 },
};

static const VbXmlField attributes[] = {
        VB_XML_WITH("accessmode", ATTRIBUTE, WORD, VbFilesystem, access, .words = access_words),
        VB_XML("fmode", ATTRIBUTE, STRING, VbFilesystem, file_mode),
        VB_XML("dmode", ATTRIBUTE, STRING, VbFilesystem, dir_mode),
        { 0 },
};

static const VbXmlField driver_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbFilesystem, driver, .words = driver_words,
                    .foreign = "handle loop nbd ploop mtp"),
        VB_XML_WITH("queue", ATTRIBUTE, NUMBER, VbFilesystem, queue, .min = 1, .max = QUEUE_MAX),
        { 0 },
};

bool vb_filesystem_is_virtiofs(const VbFilesystem *filesystem)
{
        return filesystem->driver == VB_FS_VIRTIOFS;
}

static bool is_mode(const char *text)
{
        gsize length = text ? strlen(text) : 0;

        return !text || (length >= 1 && length <= 4 && strspn(text, "01234567") == length &&
                         g_ascii_strtoull(text, NULL, 8) <= 0777);
}

static bool parse_attributes(VbFilesystem *filesystem, VbXmlNode *node, GError **error)
{
        const char *multidevs = vb_xml_take_attribute(node, "multidevs");
        int type = 1, way = 0;

        if (!vb_xml_take_word(node, "type", type_words, G_N_ELEMENTS(type_words),
                              "bind block file ram template volume", &type, error))
                return false;
        filesystem->has_model = vb_xml_take_attribute(node, "model") != NULL;
        if (filesystem->has_model && !vb_virtio_model_parse(&filesystem->model, node, true, error))
                return false;
        /* "default" is what holds where nothing is said. */
        if (g_strcmp0(multidevs, "default") != 0 &&
            !vb_xml_take_word(node, "multidevs", multidevs_words, 4, NULL, &way, error))
                return false;
        filesystem->multidevs = way;
        if (!vb_xml_fields_parse(attributes, node, filesystem, error))
                return false;
        if (!is_mode(filesystem->file_mode) || !is_mode(filesystem->dir_mode))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "fmode='' and dmode='' are octal numbers up to 0777");
        return true;
}

static bool parse_driver(VbFilesystem *filesystem, VbXmlNode *node, GError **error)
{
        static const char *const policy_words[] = { NULL, "immediate" };
        int policy = 0;

        if (!vb_xml_take_word(node, "wrpolicy", policy_words, G_N_ELEMENTS(policy_words), NULL, &policy,
                              error) ||
            !vb_xml_fields_parse(driver_fields, node, filesystem, error))
                return false;
        filesystem->write_immediately = policy == 1;
        return vb_virtio_options_parse(&filesystem->virtio, node, error);
}

static bool parse_source(VbFilesystem *filesystem, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "source");
        const char *dir, *socket;

        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source dir='...'/> is missing");
        dir = vb_xml_take_attribute(child, "dir");
        socket = vb_xml_take_attribute(child, "socket");
        if (!dir == !socket || (dir && *dir == '\0') || (socket && *socket == '\0'))
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                    "one of the attributes 'dir' and 'socket' is needed");
        filesystem->dir = g_strdup(dir);
        filesystem->socket = g_strdup(socket);
        return true;
}

static bool parse_target(VbFilesystem *filesystem, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "target");
        const char *tag;

        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<target dir='...'/> is missing");
        if (!vb_xml_require_attribute(child, "dir", &tag, error))
                return false;
        filesystem->tag = g_strdup(tag);
        return true;
}

static bool parse_limit(VbXmlNode *node, const char *name, uint64_t *ret, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, name);
        guint64 bytes = 0;

        /* Unlike elsewhere, a number without a unit is one of bytes. */
        if (!child || vb_xml_take_attribute(child, "unit"))
                return !child || vb_xml_take_size(child, ret, error);
        if (!g_ascii_string_to_unsigned(vb_xml_take_text(child), 10, 1, INT64_MAX, &bytes, NULL))
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error, "this is not a positive number");
        *ret = bytes;
        return true;
}

static bool filesystem_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbFilesystem *filesystem = (VbFilesystem *) device;
        VbXmlNode *child;

        if (!parse_attributes(filesystem, node, error))
                return false;
        child = vb_xml_take_child(node, "driver");
        if (child && !parse_driver(filesystem, child, error))
                return false;
        if (vb_filesystem_is_virtiofs(filesystem) &&
            !vb_xml_fields_parse(binary_child, node, filesystem, error))
                return false;
        if (!parse_source(filesystem, node, error) || !parse_target(filesystem, node, error))
                return false;
        if (vb_xml_take_child(node, "readonly"))
                filesystem->readonly = true;
        return parse_limit(node, "space_hard_limit", &filesystem->hard_limit, error) &&
               parse_limit(node, "space_soft_limit", &filesystem->soft_limit, error);
}

static void format_limit(VbXmlWriter *writer, const char *name, uint64_t bytes)
{
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, bytes);

        if (bytes == 0)
                return;
        vb_xml_open(writer, name);
        vb_xml_attribute(writer, "unit", "bytes");
        vb_xml_text(writer, text);
        vb_xml_close(writer);
}

static void format_driver(const VbFilesystem *filesystem, VbXmlWriter *writer)
{
        if (!filesystem->driver && !filesystem->queue.given && !filesystem->write_immediately &&
            !vb_virtio_options_is_set(&filesystem->virtio))
                return;
        vb_xml_open(writer, "driver");
        vb_xml_fields_format(driver_fields, filesystem, writer);
        vb_xml_attribute(writer, "wrpolicy", filesystem->write_immediately ? "immediate" : NULL);
        vb_virtio_options_write(&filesystem->virtio, writer);
        vb_xml_close(writer);
}

static void filesystem_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbFilesystem *filesystem = (const VbFilesystem *) device;

        vb_xml_attribute(writer, "type", "mount");
        if (filesystem->has_model)
                vb_xml_attribute(writer, "model", vb_virtio_model_to_string(filesystem->model));
        vb_xml_attribute(writer, "multidevs", multidevs_words[filesystem->multidevs]);
        vb_xml_fields_format(attributes, filesystem, writer);
        format_driver(filesystem, writer);
        vb_xml_fields_format(binary_child, filesystem, writer);
        vb_xml_open(writer, "source");
        vb_xml_attribute(writer, "dir", filesystem->dir);
        vb_xml_attribute(writer, "socket", filesystem->socket);
        vb_xml_close(writer);
        vb_xml_open(writer, "target");
        vb_xml_attribute(writer, "dir", filesystem->tag);
        vb_xml_close(writer);
        if (filesystem->readonly)
                vb_xml_empty_element(writer, "readonly");
        format_limit(writer, "space_hard_limit", filesystem->hard_limit);
        format_limit(writer, "space_soft_limit", filesystem->soft_limit);
}

static const char *filesystem_driver(const VbDevice *device)
{
        const VbFilesystem *filesystem = (const VbFilesystem *) device;

        return vb_virtio_driver(device, vb_filesystem_is_virtiofs(filesystem) ? "vhost-user-fs" : "virtio-9p",
                                filesystem->model);
}

static VbPciConnect filesystem_pci_needs(const VbDevice *device)
{
        return vb_virtio_pci_needs(((const VbFilesystem *) device)->model);
}

static const gsize filesystem_strings[] = {
        G_STRUCT_OFFSET(VbFilesystem, file_mode), G_STRUCT_OFFSET(VbFilesystem, dir_mode),
        G_STRUCT_OFFSET(VbFilesystem, dir),       G_STRUCT_OFFSET(VbFilesystem, socket),
        G_STRUCT_OFFSET(VbFilesystem, tag),       0,
};

static void filesystem_clear(VbDevice *device)
{
        vb_xml_fields_clear(binary_child, device);
}

static void filesystem_copy(VbDevice *copy, const VbDevice *device)
{
        vb_xml_fields_copy(binary_child, copy, device);
}

static bool refuse(const VbFilesystem *filesystem, GError **error, const char *what)
{
        return vb_device_error(&filesystem->base, VB_ERROR_UNSUPPORTED, error, "%s", what);
}

static bool check_9p(const VbFilesystem *filesystem, GError **error)
{
        if (filesystem->socket)
                return refuse(filesystem, error, "<source socket=''> needs <driver type='virtiofs'/>");
        if (filesystem->queue.given)
                return refuse(filesystem, error, "<driver queue=''> needs <driver type='virtiofs'/>");
        if (filesystem->base.boot_order > 0)
                return refuse(filesystem, error, "<boot> needs <driver type='virtiofs'/>");
        if (filesystem->access != VB_FS_MAPPED && (filesystem->file_mode || filesystem->dir_mode))
                return refuse(filesystem, error, "fmode='' and dmode='' need accessmode='mapped'");
        return true;
}

static bool check_virtiofs(const VbDomainDef *def, const VbFilesystem *filesystem, GError **error)
{
        if (!vb_memory_is_shared(def))
                return refuse(filesystem, error,
                              "virtiofs needs memory that its server can see: <memoryBacking> with "
                              "<source type='memfd'/> and <access mode='shared'/>");
        if (filesystem->access != VB_FS_PASSTHROUGH)
                return refuse(filesystem, error, "virtiofs has accessmode='passthrough' only");
        if (filesystem->file_mode || filesystem->dir_mode)
                return refuse(filesystem, error, "virtiofs has no fmode='' and dmode=''");
        if (filesystem->multidevs)
                return refuse(filesystem, error, "virtiofs has no multidevs=''");
        if (filesystem->write_immediately)
                return refuse(filesystem, error, "virtiofs has no <driver wrpolicy=''>");
        if (filesystem->readonly)
                return refuse(filesystem, error, "virtiofs has no <readonly>");
        if (filesystem->has_model)
                return refuse(filesystem, error, "virtiofs has no model=''");
        if (filesystem->queue.given && (filesystem->queue.value & (filesystem->queue.value - 1)) != 0)
                return refuse(filesystem, error, "<driver queue=''> is a power of two");
        return true;
}

static bool complete_filesystem(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbFilesystem *filesystem = (VbFilesystem *) device;
        bool virtiofs = vb_filesystem_is_virtiofs(filesystem);
        gsize length_max = virtiofs ? TAG_LENGTH_VIRTIOFS : TAG_LENGTH_9P;

        if (!filesystem->access)
                filesystem->access = VB_FS_PASSTHROUGH;
        if (strlen(filesystem->tag) > length_max)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "<target dir='%s'>: a tag has at most %zu bytes", filesystem->tag,
                                       length_max);
        return virtiofs ? check_virtiofs(completion->def, filesystem, error) : check_9p(filesystem, error);
}

/* A virtiofs has virtio's modern face only. */
static bool filesystem_virtio(const VbDevice *device, struct VbVirtio *ret)
{
        const VbFilesystem *filesystem = (const VbFilesystem *) device;

        *ret = (struct VbVirtio){ filesystem->model, filesystem->virtio };
        return !vb_filesystem_is_virtiofs(filesystem);
}

const VbDeviceClass vb_filesystem_class = {
        .element = "filesystem",
        .size = sizeof(VbFilesystem),
        .strings = filesystem_strings,
        .clear = filesystem_clear,
        .copy = filesystem_copy,
        .bootable = true,
        .alias_prefix = "fs",
        .parse = filesystem_parse,
        .format = filesystem_format,
        .driver = filesystem_driver,
        .complete = complete_filesystem,
        .pci_needs = filesystem_pci_needs,
        .virtio = filesystem_virtio,
};
