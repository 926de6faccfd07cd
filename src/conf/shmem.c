/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <shmem>: memory that guests share. https://libvirt.org/formatdomain.html#shared-memory-device */
#include "conf/shmem.h"

#include <limits.h>
#include <string.h>

#include "conf/complete-steps.h"
#include "conf/domain-values.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

#define SIZE_DEFAULT (4U << 20)
#define SIZE_MIN (1U << 20)
#define MEBIBYTE (1U << 20)
/* A PCI device has no more MSI-X vectors. */
#define VECTORS_MAX 2048
/* Where the server of a name is that has no path: nobody's but the administrator's. */
#define SERVER_FORMAT "/run/virtbus-shmem/%s.sock"

static const char *const model_words[_VB_SHMEM_MODEL_MAX] = {
        [VB_SHMEM_IVSHMEM_PLAIN] = "ivshmem-plain",
        [VB_SHMEM_IVSHMEM_DOORBELL] = "ivshmem-doorbell",
};
static const char *const role_words[_VB_SHMEM_ROLE_MAX] = {
        [VB_SHMEM_MASTER] = "master",
        [VB_SHMEM_PEER] = "peer",
};

/* It is the name of a file. */
static bool is_name(const char *name)
{
        return !strchr(name, '/') && !g_str_equal(name, ".") && !g_str_equal(name, "..") &&
               strlen(name) < NAME_MAX;
}

static bool parse_model(VbShmem *shmem, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "model");
        int model = -1;
        const char *text;

        if (!child)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "without <model type='...'/> it is an 'ivshmem', which QEMU has no more; "
                                    "there are ivshmem-plain and ivshmem-doorbell");
        if (!vb_xml_require_attribute(child, "type", &text, error) ||
            !vb_xml_take_word(child, "type", model_words, _VB_SHMEM_MODEL_MAX, "ivshmem", &model, error))
                return false;
        shmem->model = (VbShmemModel) model;
        return true;
}

static bool parse_size(VbShmem *shmem, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "size");

        if (child && !vb_xml_take_size(child, &shmem->size, error))
                return false;
        if (shmem->size == 0)
                shmem->size = SIZE_DEFAULT;
        if (shmem->size < SIZE_MIN || (shmem->size & (shmem->size - 1)))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<size> is not a power of two of at least 1 MiB");
        return true;
}

static bool parse_doorbell(VbShmem *shmem, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "server");
        const char *path;

        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "an ivshmem-doorbell needs a <server path='...'/>");
        path = vb_xml_take_attribute(child, "path");
        if (path && *path != '/')
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error, "path='%s' is not an absolute path",
                                    path);
        shmem->server = path ? g_strdup(path) : g_strdup_printf(SERVER_FORMAT, shmem->name);
        child = vb_xml_take_child(node, "msi");
        return !child || (vb_xml_take_uint32(child, "vectors", 1, VECTORS_MAX, &shmem->vectors, error) &&
                          vb_xml_take_switch(child, "ioeventfd", &shmem->ioeventfd, error));
}

static bool shmem_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbShmem *shmem = (VbShmem *) device;
        int role = VB_SHMEM_ROLE_UNSET;
        const char *name;

        if (!vb_xml_require_attribute(node, "name", &name, error) ||
            !vb_xml_take_word(node, "role", role_words, _VB_SHMEM_ROLE_MAX, NULL, &role, error) ||
            !parse_model(shmem, node, error))
                return false;
        if (!is_name(name))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "name='%s' is no file's name", name);
        shmem->name = g_strdup(name);
        shmem->role = (VbShmemRole) role;
        return shmem->model == VB_SHMEM_IVSHMEM_PLAIN ? parse_size(shmem, node, error)
                                                      : parse_doorbell(shmem, node, error);
}

static void shmem_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbShmem *shmem = (const VbShmem *) device;

        vb_xml_attribute(writer, "name", shmem->name);
        vb_xml_attribute(writer, "role", role_words[shmem->role]);
        vb_xml_open(writer, "model");
        vb_xml_attribute(writer, "type", model_words[shmem->model]);
        vb_xml_close(writer);
        if (shmem->size > 0) {
                g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, shmem->size / MEBIBYTE);

                vb_xml_open(writer, "size");
                vb_xml_attribute(writer, "unit", "M");
                vb_xml_text(writer, size);
                vb_xml_close(writer);
        }
        if (!shmem->server)
                return;
        vb_xml_open(writer, "server");
        vb_xml_attribute(writer, "path", shmem->server);
        vb_xml_close(writer);
        vb_xml_open(writer, "msi");
        if (shmem->vectors > 0)
                vb_xml_attribute_number(writer, "vectors", shmem->vectors);
        vb_xml_attribute(writer, "ioeventfd", vb_tristate_to_switch(shmem->ioeventfd));
        vb_xml_close(writer);
}

static const char *shmem_driver(const VbDevice *device)
{
        return model_words[((const VbShmem *) device)->model];
}

static bool complete_shmem(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbShmem *shmem = (VbShmem *) device;

        if (shmem->server && shmem->ioeventfd == VB_TRISTATE_UNSET)
                shmem->ioeventfd = VB_TRISTATE_ON;
        return true;
}

static VbPciConnect shmem_pci_needs(const VbDevice *device)
{
        return VB_PCI_CONNECT_PCI_ENDPOINT;
}

static const gsize shmem_strings[] = { G_STRUCT_OFFSET(VbShmem, name), G_STRUCT_OFFSET(VbShmem, server), 0 };

const VbDeviceClass vb_shmem_class = {
        .element = "shmem",
        .size = sizeof(VbShmem),
        .strings = shmem_strings,
        .parse = shmem_parse,
        .format = shmem_format,
        .driver = shmem_driver,
        .alias_prefix = "shmem",
        .complete = complete_shmem,
        .pci_needs = shmem_pci_needs,
};
