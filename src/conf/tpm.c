/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <tpm>: a trusted platform module. https://libvirt.org/formatdomain.html#tpm-device */
#include "conf/tpm.h"

#include <string.h>

#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

#define DEFAULT_DEVICE "/dev/tpm0"

static const char *const model_words[_VB_TPM_MODEL_MAX] = {
        [VB_TPM_TIS] = "tpm-tis",
        [VB_TPM_CRB] = "tpm-crb",
        [VB_TPM_SPAPR] = "tpm-spapr",
        [VB_TPM_SPAPR_PROXY] = "spapr-tpm-proxy",
};
static const char *const backend_words[_VB_TPM_BACKEND_MAX] = {
        [VB_TPM_PASSTHROUGH] = "passthrough",
        [VB_TPM_EMULATOR] = "emulator",
        [VB_TPM_EXTERNAL] = "external",
};
static const char *const version_words[_VB_TPM_VERSION_MAX] = {
        [VB_TPM_VERSION_UNSET] = "default",
        [VB_TPM_1_2] = "1.2",
        [VB_TPM_2_0] = "2.0",
};
static const char *const bank_words[VB_TPM_PCR_BANKS] = { "sha1", "sha256", "sha384", "sha512" };
static const char *const unix_words[] = { "unix" };
static const char *const connect_words[] = { "connect" };

static bool take_path(VbXmlNode *node, const char *name, char **ret, GError **error)
{
        const char *path;

        if (!vb_xml_require_attribute(node, name, &path, error))
                return false;
        if (*path != '/')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "%s='%s' is not an absolute path",
                                    name, path);
        *ret = g_strdup(path);
        return true;
}

static bool parse_passthrough(VbTpm *tpm, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "device");

        if (child)
                return take_path(child, "path", &tpm->path, error);
        tpm->path = g_strdup(DEFAULT_DEVICE);
        return true;
}

static bool parse_emulator(VbTpm *tpm, VbXmlNode *node, GError **error)
{
        int version = VB_TPM_VERSION_UNSET;
        const char *secret;
        VbXmlNode *child;

        if (!vb_xml_take_word(node, "version", version_words, _VB_TPM_VERSION_MAX, NULL, &version, error) ||
            !vb_xml_take_yes_no(node, "persistent_state", &tpm->persistent_state, error))
                return false;
        tpm->version = (VbTpmVersion) version;
        child = vb_xml_take_child(node, "encryption");
        if (child) {
                if (!vb_xml_require_attribute(child, "secret", &secret, error))
                        return false;
                if (!vb_uuid_from_string(secret, tpm->secret))
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error, "secret='%s' is no UUID",
                                            secret);
        }
        child = vb_xml_take_child(node, "active_pcr_banks");
        for (int i = 0; child && i < VB_TPM_PCR_BANKS; i++)
                tpm->pcr_banks[i] = vb_xml_take_child(child, bank_words[i]) != NULL;
        return true;
}

static bool parse_external(VbTpm *tpm, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "source");
        int type = -1, mode = 0;
        const char *text;

        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source type='unix'> is missing");
        return vb_xml_require_attribute(child, "type", &text, error) &&
               vb_xml_take_word(child, "type", unix_words, G_N_ELEMENTS(unix_words), NULL, &type, error) &&
               vb_xml_take_word(child, "mode", connect_words, G_N_ELEMENTS(connect_words), "bind", &mode,
                                error) &&
               take_path(child, "path", &tpm->path, error);
}

static bool tpm_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        static bool (*const parsers[_VB_TPM_BACKEND_MAX])(VbTpm *, VbXmlNode *, GError **) = {
                [VB_TPM_PASSTHROUGH] = parse_passthrough,
                [VB_TPM_EMULATOR] = parse_emulator,
                [VB_TPM_EXTERNAL] = parse_external,
        };
        VbTpm *tpm = (VbTpm *) device;
        int model = VB_TPM_MODEL_UNSET, backend = -1;
        VbXmlNode *child;
        const char *text;

        if (!vb_xml_take_word(node, "model", model_words, _VB_TPM_MODEL_MAX, NULL, &model, error))
                return false;
        tpm->model = (VbTpmModel) model;
        child = vb_xml_take_child(node, "backend");
        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<backend type='...'> is missing");
        if (!vb_xml_require_attribute(child, "type", &text, error) ||
            !vb_xml_take_word(child, "type", backend_words, _VB_TPM_BACKEND_MAX, NULL, &backend, error))
                return false;
        tpm->backend = (VbTpmBackend) backend;
        return parsers[tpm->backend](tpm, child, error);
}

static bool has_banks(const VbTpm *tpm)
{
        for (int i = 0; i < VB_TPM_PCR_BANKS; i++)
                if (tpm->pcr_banks[i])
                        return true;
        return false;
}

static void write_backend(const VbTpm *tpm, VbXmlWriter *writer)
{
        switch (tpm->backend) {
        case VB_TPM_PASSTHROUGH:
                vb_xml_open(writer, "device");
                vb_xml_attribute(writer, "path", tpm->path);
                vb_xml_close(writer);
                return;
        case VB_TPM_EXTERNAL:
                vb_xml_open(writer, "source");
                vb_xml_attribute(writer, "type", "unix");
                vb_xml_attribute(writer, "mode", "connect");
                vb_xml_attribute(writer, "path", tpm->path);
                vb_xml_close(writer);
                return;
        default:
                break;
        }
        if (tpm->version != VB_TPM_VERSION_UNSET)
                vb_xml_attribute(writer, "version", version_words[tpm->version]);
        vb_xml_attribute(writer, "persistent_state", vb_tristate_to_yes_no(tpm->persistent_state));
        if (*tpm->secret != '\0') {
                vb_xml_open(writer, "encryption");
                vb_xml_attribute(writer, "secret", tpm->secret);
                vb_xml_close(writer);
        }
        if (!has_banks(tpm))
                return;
        vb_xml_open(writer, "active_pcr_banks");
        for (int i = 0; i < VB_TPM_PCR_BANKS; i++)
                if (tpm->pcr_banks[i])
                        vb_xml_empty_element(writer, bank_words[i]);
        vb_xml_close(writer);
}

static void tpm_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbTpm *tpm = (const VbTpm *) device;

        vb_xml_attribute(writer, "model", model_words[tpm->model]);
        vb_xml_open(writer, "backend");
        vb_xml_attribute(writer, "type", backend_words[tpm->backend]);
        write_backend(tpm, writer);
        vb_xml_close(writer);
}

static const char *tpm_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_TPM_MODEL_MAX] = {
                [VB_TPM_TIS] = "tpm-tis",
                [VB_TPM_CRB] = "tpm-crb",
                [VB_TPM_SPAPR] = "tpm-spapr",
                [VB_TPM_SPAPR_PROXY] = "spapr-tpm-proxy",
        };
        const VbTpm *tpm = (const VbTpm *) device;

        return tpm->model == VB_TPM_TIS && tpm->is_on_sysbus ? "tpm-tis-device" : drivers[tpm->model];
}

static void settle_tpm(const VbDomainDef *def, VbDevice *device)
{
        ((VbTpm *) device)->is_on_sysbus = !vb_domain_def_is_x86(def);
}

/* A machine has one module of its own, and Power can pass one through beside it. */
static bool check_others(const VbDomainDef *def, const VbTpm *tpm, GError **error)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbTpm *other = g_ptr_array_index(def->devices, i);

                if (other == tpm)
                        break;
                if (other->base.kind == VB_DEVICE_TPM &&
                    (other->model == VB_TPM_SPAPR_PROXY) == (tpm->model == VB_TPM_SPAPR_PROXY))
                        return vb_device_error(&tpm->base, VB_ERROR_UNSUPPORTED, error,
                                               "there is another one already");
        }
        return true;
}

static bool complete_tpm(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbTpm *tpm = (VbTpm *) device;

        if (tpm->model == VB_TPM_MODEL_UNSET)
                tpm->model = completion->machine->has_spapr_vio ? VB_TPM_SPAPR : VB_TPM_TIS;
        settle_tpm(completion->def, device);
        if (tpm->model == VB_TPM_SPAPR_PROXY && tpm->backend != VB_TPM_PASSTHROUGH)
                return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                       "model='%s' is for type='passthrough' only", model_words[tpm->model]);
        /* What the first of these chips was; the others have only ever been the second version. */
        if (tpm->backend == VB_TPM_EMULATOR && tpm->version == VB_TPM_VERSION_UNSET)
                tpm->version = tpm->model == VB_TPM_TIS && !tpm->is_on_sysbus ? VB_TPM_1_2 : VB_TPM_2_0;
        if (tpm->version == VB_TPM_1_2 && tpm->model != VB_TPM_TIS)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error, "a %s has version 2.0 only",
                                       model_words[tpm->model]);
        if (has_banks(tpm) && tpm->version != VB_TPM_2_0)
                return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                       "<active_pcr_banks> needs version='2.0'");
        return check_others(completion->def, tpm, error);
}

static VbAddressType tpm_address_type(const VbDevice *device)
{
        return ((const VbTpm *) device)->model == VB_TPM_SPAPR ? VB_ADDRESS_SPAPR_VIO : VB_ADDRESS_NONE;
}

static const gsize tpm_strings[] = { G_STRUCT_OFFSET(VbTpm, path), 0 };

const VbDeviceClass vb_tpm_class = {
        .element = "tpm",
        .size = sizeof(VbTpm),
        .strings = tpm_strings,
        .parse = tpm_parse,
        .format = tpm_format,
        .settle = settle_tpm,
        .driver = tpm_driver,
        .alias_prefix = "tpm",
        .complete = complete_tpm,
        .address_type = tpm_address_type,
};
