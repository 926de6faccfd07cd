/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <driver> and <iotune> of a disk. */
#include <string.h>

#include "conf/disk.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* The emulator's own limit of what it can be told to keep to. */
#define TUNE_MAX 1000000000000000LL

static const char *const cache_words[] = {
        [VB_CACHE_NONE] = "none",
        [VB_CACHE_WRITEBACK] = "writeback",
        [VB_CACHE_WRITETHROUGH] = "writethrough",
        [VB_CACHE_DIRECTSYNC] = "directsync",
        [VB_CACHE_UNSAFE] = "unsafe",
        NULL,
};
static const char *const io_words[] = {
        [VB_IO_THREADS] = "threads", [VB_IO_NATIVE] = "native", [VB_IO_URING] = "io_uring", NULL
};
static const char *const error_words[] = {
        [VB_ERRORS_STOP] = "stop",
        [VB_ERRORS_REPORT] = "report",
        [VB_ERRORS_IGNORE] = "ignore",
        [VB_ERRORS_ENOSPACE] = "enospace",
        NULL,
};
/* Reading cannot run out of space. */
static const char *const read_error_words[] = {
        [VB_ERRORS_STOP] = "stop", [VB_ERRORS_REPORT] = "report", [VB_ERRORS_IGNORE] = "ignore", NULL
};
static const char *const discard_words[] = {
        [VB_DISCARD_UNMAP] = "unmap", [VB_DISCARD_IGNORE] = "ignore", NULL
};
static const char *const zeroes_words[] = {
        [VB_ZEROES_OFF] = "off", [VB_ZEROES_ON] = "on", [VB_ZEROES_UNMAP] = "unmap", NULL
};

#define DRIVER(name, type, member) VB_XML(name, ATTRIBUTE, type, VbDiskDriver, member)
#define DRIVER_WITH(name, type, member, ...)                                                                 \
        VB_XML_WITH(name, ATTRIBUTE, type, VbDiskDriver, member, __VA_ARGS__)

static const VbXmlField driver_fields[] = {
        DRIVER_WITH("cache", WORD, cache, .words = cache_words),
        DRIVER_WITH("error_policy", WORD, error_policy, .words = error_words),
        DRIVER_WITH("rerror_policy", WORD, rerror_policy, .words = read_error_words),
        DRIVER_WITH("io", WORD, io, .words = io_words),
        DRIVER("ioeventfd", SWITCH, ioeventfd),
        DRIVER("event_idx", SWITCH, event_idx),
        DRIVER("copy_on_read", SWITCH, copy_on_read),
        DRIVER_WITH("discard", WORD, discard, .words = discard_words),
        DRIVER_WITH("iothread", NUMBER, iothread, .min = 1, .max = UINT32_MAX),
        DRIVER_WITH("detect_zeroes", WORD, detect_zeroes, .words = zeroes_words),
        DRIVER_WITH("queues", NUMBER, queues, .min = 1, .max = 1024),
        DRIVER_WITH("queue_size", NUMBER, queue_size, .min = 1, .max = 1024),
        { 0 },
};

bool vb_disk_parse_driver(VbDisk *disk, VbXmlNode *node, GError **error)
{
        const char *name = vb_xml_take_attribute(node, "name");

        if (name && !g_str_equal(name, "qemu"))
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "name='%s' is not known; accepted: qemu", name);
        if (!vb_storage_take_format(&disk->storage, node, error) ||
            !vb_storage_take_metadata_cache(&disk->storage, node, error))
                return false;
        /* "default" is what holds where nothing is said. */
        if (g_strcmp0(vb_xml_take_attribute(node, "cache"), "default") == 0) {
                if (!vb_xml_fields_parse(driver_fields + 1, node, &disk->driver, error))
                        return false;
        } else if (!vb_xml_fields_parse(driver_fields, node, &disk->driver, error)) {
                return false;
        }
        if (disk->driver.io == VB_IO_NATIVE && disk->driver.cache != VB_CACHE_NONE &&
            disk->driver.cache != VB_CACHE_DIRECTSYNC)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "io='native' needs cache='none' or cache='directsync'");
        return vb_virtio_options_parse(&disk->driver.virtio, node, error);
}

void vb_disk_format_driver(const VbDisk *disk, VbXmlWriter *writer)
{
        vb_xml_open(writer, "driver");
        vb_xml_attribute(writer, "name", "qemu");
        vb_xml_attribute(writer, "type", vb_storage_format_words[disk->storage.format]);
        vb_xml_fields_format(driver_fields, &disk->driver, writer);
        vb_virtio_options_write(&disk->driver.virtio, writer);
        vb_storage_format_metadata_cache(&disk->storage, writer);
        vb_xml_close(writer);
}

#define TUNE(name, member) VB_XML_WITH(name, CHILD, NUMBER, VbIoTune, member, .min = 0, .max = TUNE_MAX)

static const VbXmlField tune_fields[] = {
        TUNE("total_bytes_sec", limit[VB_TUNE_BYTES_TOTAL]),
        TUNE("read_bytes_sec", limit[VB_TUNE_BYTES_READ]),
        TUNE("write_bytes_sec", limit[VB_TUNE_BYTES_WRITE]),
        TUNE("total_iops_sec", limit[VB_TUNE_IOPS_TOTAL]),
        TUNE("read_iops_sec", limit[VB_TUNE_IOPS_READ]),
        TUNE("write_iops_sec", limit[VB_TUNE_IOPS_WRITE]),
        TUNE("total_bytes_sec_max", burst[VB_TUNE_BYTES_TOTAL]),
        TUNE("read_bytes_sec_max", burst[VB_TUNE_BYTES_READ]),
        TUNE("write_bytes_sec_max", burst[VB_TUNE_BYTES_WRITE]),
        TUNE("total_iops_sec_max", burst[VB_TUNE_IOPS_TOTAL]),
        TUNE("read_iops_sec_max", burst[VB_TUNE_IOPS_READ]),
        TUNE("write_iops_sec_max", burst[VB_TUNE_IOPS_WRITE]),
        TUNE("size_iops_sec", iops_size),
        VB_XML("group_name", CHILD, STRING, VbIoTune, group_name),
        TUNE("total_bytes_sec_max_length", burst_length[VB_TUNE_BYTES_TOTAL]),
        TUNE("read_bytes_sec_max_length", burst_length[VB_TUNE_BYTES_READ]),
        TUNE("write_bytes_sec_max_length", burst_length[VB_TUNE_BYTES_WRITE]),
        TUNE("total_iops_sec_max_length", burst_length[VB_TUNE_IOPS_TOTAL]),
        TUNE("read_iops_sec_max_length", burst_length[VB_TUNE_IOPS_READ]),
        TUNE("write_iops_sec_max_length", burst_length[VB_TUNE_IOPS_WRITE]),
        { 0 },
};

/* 0 is no limit: the same as nothing. */
static void drop_zeroes(VbNumber *numbers, gsize n)
{
        for (gsize i = 0; i < n; i++)
                if (numbers[i].value == 0)
                        numbers[i].given = false;
}

bool vb_disk_has_tune(const VbIoTune *tune)
{
        for (int i = 0; i < _VB_TUNE_MAX; i++)
                if (tune->limit[i].given || tune->burst[i].given || tune->burst_length[i].given)
                        return true;
        return tune->iops_size.given;
}

/* A limit of everything, and one of a part of it. */
static bool check_totals(const VbNumber *numbers, const char *suffix, VbXmlNode *node, GError **error)
{
        static const char *const units[] = { "bytes", "iops" };

        for (int i = 0; i < _VB_TUNE_MAX; i += VB_TUNE_IOPS_TOTAL)
                if (numbers[i].given && (numbers[i + 1].given || numbers[i + 2].given))
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                            "total_%s_sec%s excludes read_ and write_%s_sec%s",
                                            units[i / VB_TUNE_IOPS_TOTAL], suffix,
                                            units[i / VB_TUNE_IOPS_TOTAL], suffix);
        return true;
}

bool vb_disk_parse_tune(VbIoTune *tune, VbXmlNode *node, GError **error)
{
        if (!vb_xml_fields_parse(tune_fields, node, tune, error))
                return false;
        drop_zeroes(tune->limit, _VB_TUNE_MAX);
        drop_zeroes(tune->burst, _VB_TUNE_MAX);
        drop_zeroes(tune->burst_length, _VB_TUNE_MAX);
        drop_zeroes(&tune->iops_size, 1);
        if (tune->group_name && !vb_disk_has_tune(tune))
                return vb_xml_error(
                        node, VB_ERROR_INVALID_XML, error,
                        "group_name without a limit: each disk of a group says the group's limits");
        return check_totals(tune->limit, "", node, error) && check_totals(tune->burst, "_max", node, error) &&
               check_totals(tune->burst_length, "_max_length", node, error);
}

void vb_disk_format_tune(const VbIoTune *tune, VbXmlWriter *writer)
{
        if (!vb_disk_has_tune(tune))
                return;
        vb_xml_open(writer, "iotune");
        vb_xml_fields_format(tune_fields, tune, writer);
        vb_xml_close(writer);
}
