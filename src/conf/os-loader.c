/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <loader> and <nvram>: the firmware that a guest starts with, and what it remembers. */
#include "conf/os-loader.h"

#include "conf/domain-def.h"
#include "conf/domain-values.h"
#include "conf/firmware.h"
#include "util/error.h"

const char *const vb_firmware_kind_words[] = { NULL, "bios", "efi", NULL };
const char *const vb_firmware_feature_words[] = { NULL, "enrolled-keys", "secure-boot", NULL };
const char *const vb_firmware_format_words[] = { NULL, "raw", "qcow2", NULL };
static const char *const loader_types[] = { NULL, "rom", "pflash", NULL };
static const char *const nvram_types[] = { NULL, "file", "block", "network", NULL };

/* clang-format off */
static const VbXmlField loader_fields[] = {
        VB_XML("readonly", ATTRIBUTE, YES_NO, VbLoader, readonly),
        VB_XML("secure", ATTRIBUTE, YES_NO, VbLoader, secure),
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbLoader, type, .words = loader_types),
        VB_XML("stateless", ATTRIBUTE, YES_NO, VbLoader, stateless),
        VB_XML_WITH("format", ATTRIBUTE, WORD, VbLoader, format, .words = vb_firmware_format_words),
        VB_XML("", TEXT, STRING, VbLoader, path),
        { 0 },
};
const VbXmlRecord vb_loader_record = { .size = sizeof(VbLoader), .fields = loader_fields };

static const VbXmlField host_fields[] = {
        VB_XML("name", ATTRIBUTE, STRING, VbNvramHost, name),
        VB_XML("port", ATTRIBUTE, STRING, VbNvramHost, port),
        VB_XML("transport", ATTRIBUTE, STRING, VbNvramHost, transport),
        VB_XML("socket", ATTRIBUTE, PATH, VbNvramHost, socket),
        { 0 },
};
static const VbXmlRecord host_record = { .size = sizeof(VbNvramHost), .fields = host_fields };

static const VbXmlField source_fields[] = {
        VB_XML("file", ATTRIBUTE, PATH, VbNvramSource, file),
        VB_XML("dev", ATTRIBUTE, PATH, VbNvramSource, dev),
        VB_XML("protocol", ATTRIBUTE, STRING, VbNvramSource, protocol),
        VB_XML("name", ATTRIBUTE, STRING, VbNvramSource, name),
        VB_XML_WITH("host", CHILD, LIST, VbNvramSource, hosts, .record = &host_record),
        { 0 },
};
static const VbXmlRecord source_record = { .size = sizeof(VbNvramSource), .fields = source_fields };

static bool check_nvram(void *record, VbXmlNode *node, GError **error)
{
        VbNvram *nvram = record;

        if (nvram->path)
                g_strstrip(nvram->path);
        if (nvram->path && *nvram->path == '\0')
                g_clear_pointer(&nvram->path, g_free);
        if (nvram->type == VB_NVRAM_FILE && nvram->source && !nvram->source->file)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source file=''/> is missing");
        if (nvram->type == VB_NVRAM_BLOCK && !(nvram->source && nvram->source->dev))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source dev=''/> is missing");
        if (nvram->type == VB_NVRAM_NETWORK && !(nvram->source && nvram->source->protocol))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source protocol=''/> is missing");
        if (nvram->type == 0 && nvram->source)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'type' is missing");
        if (nvram->path && !vb_xml_is_path(nvram->path))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not an absolute path",
                                    nvram->path);
        return true;
}

static const VbXmlField nvram_fields[] = {
        VB_XML("template", ATTRIBUTE, STRING, VbNvram, template),
        VB_XML_WITH("templateFormat", ATTRIBUTE, WORD, VbNvram, template_format, .words = vb_firmware_format_words),
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbNvram, type, .words = nvram_types),
        VB_XML_WITH("format", ATTRIBUTE, WORD, VbNvram, format, .words = vb_firmware_format_words),
        VB_XML("", TEXT, STRING, VbNvram, path),
        VB_XML_WITH("source", CHILD, RECORD, VbNvram, source, .record = &source_record),
        { 0 },
};
const VbXmlRecord vb_nvram_record = { .size = sizeof(VbNvram), .fields = nvram_fields, .check = check_nvram, .keep_empty = true };
/* clang-format on */

const char *vb_loader_flash(const VbLoader *loader)
{
        return loader && loader->type == VB_LOADER_PFLASH ? loader->path : NULL;
}

/* A PC takes its unused flash chips out again, and what names them: their size limit stays. */
static bool has_flash(const VbMachineFacts *machine)
{
        return vb_machine_facts_has_prop(machine, "pflash0") ||
               vb_machine_facts_has_prop(machine, "max-fw-size");
}

/* Flash that cannot be written has its variables in another one beside it, unless it is said to do without.
 */
static void complete_nvram(VbDomainDef *def)
{
        VbLoader *loader = def->os.loader;

        if (loader->stateless == VB_TRISTATE_ON) {
                vb_xml_record_free(&vb_nvram_record, def->os.nvram);
                def->os.nvram = NULL;
        } else if (!def->os.nvram && loader->type == VB_LOADER_PFLASH && loader->readonly == VB_TRISTATE_ON)
                def->os.nvram = vb_xml_record_new(&vb_nvram_record);
}

static bool check_nvram_use(const VbDomainDef *def, GError **error)
{
        const VbNvram *nvram = def->os.nvram;
        const VbLoader *loader = def->os.loader;

        if (loader->stateless == VB_TRISTATE_ON && nvram && (nvram->path || nvram->template || nvram->source))
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, nvram->line,
                                       "<nvram>: a loader with stateless='yes' has no variables");
        return true;
}

static bool check_secure(const VbCompletion *completion, GError **error)
{
        const VbDomainDef *def = completion->def;
        const VbLoader *loader = def->os.loader;
        const VbSmm *smm = def->features->smm;

        if (loader->secure != VB_TRISTATE_ON)
                return true;
        if (!vb_machine_facts_has_prop(completion->machine, "smm"))
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, loader->line,
                                       "<loader secure='yes'>: the machine type %s has no SMM",
                                       completion->machine->name);
        if (!smm || smm->state != VB_TRISTATE_ON)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, loader->line,
                                       "<loader secure='yes'> needs <smm state='on'/> in <features>");
        return true;
}

/* -- firmware by what it is to be -- */

static VbTristate wished(const VbFirmwareWish *wish, VbFirmwareFeatureName name)
{
        for (guint i = 0; wish && i < vb_list_length(wish->features); i++) {
                const VbFirmwareFeature *feature = g_ptr_array_index(wish->features, i);

                if (feature->name == (int) name)
                        return feature->enabled;
        }
        return VB_TRISTATE_UNSET;
}

static bool grants(const VbFirmware *firmware, VbFirmwareTraits trait, VbTristate wish)
{
        return wish == VB_TRISTATE_UNSET || (wish == VB_TRISTATE_ON) == ((firmware->traits & trait) != 0);
}

static bool is_enabled(const VbSuspend *suspend)
{
        return suspend && suspend->enabled == VB_TRISTATE_ON;
}

static bool suits(const VbFirmware *firmware, const VbDomainDef *def)
{
        const VbLoader *loader = def->os.loader;
        bool efi = def->os.firmware == VB_FIRMWARE_EFI;

        if (!(efi ? firmware->efi : firmware->bios) ||
            !vb_firmware_fits(firmware, def->os.arch, def->os.machine) ||
            !grants(firmware, VB_FIRMWARE_HAS_SECURE_BOOT, wished(def->os.wish, VB_FIRMWARE_SECURE_BOOT)) ||
            !grants(firmware, VB_FIRMWARE_HAS_ENROLLED_KEYS, wished(def->os.wish, VB_FIRMWARE_ENROLLED_KEYS)))
                return false;
        if (def->pm && ((is_enabled(def->pm->to_memory) && !(firmware->traits & VB_FIRMWARE_HAS_S3)) ||
                        (is_enabled(def->pm->to_disk) && !(firmware->traits & VB_FIRMWARE_HAS_S4))))
                return false;
        /* What a guest is to be kept from needs both, and a machine without SMM can have none that needs it.
         */
        if (loader && !grants(firmware, VB_FIRMWARE_NEEDS_SMM, loader->secure))
                return false;
        if (def->features->smm && def->features->smm->state == VB_TRISTATE_OFF &&
            firmware->traits & VB_FIRMWARE_NEEDS_SMM)
                return false;
        if (loader && loader->type != 0 && firmware->in_flash != (loader->type == VB_LOADER_PFLASH))
                return false;
        return firmware->stateless == (loader && loader->stateless == VB_TRISTATE_ON) || !firmware->in_flash;
}

static void take(VbDomainDef *def, const VbFirmware *firmware)
{
        VbLoader *loader;

        if (!def->os.loader)
                def->os.loader = vb_xml_record_new(&vb_loader_record);
        loader = def->os.loader;
        loader->path = g_strdup(firmware->path);
        loader->type = firmware->in_flash ? VB_LOADER_PFLASH : VB_LOADER_ROM;
        if (firmware->in_flash)
                loader->readonly = VB_TRISTATE_ON;
        if (firmware->format == VB_IMAGE_QCOW2)
                loader->format = VB_IMAGE_QCOW2;
        if (firmware->traits & VB_FIRMWARE_NEEDS_SMM) {
                loader->secure = VB_TRISTATE_ON;
                vb_features_enable_smm(def->features);
        }
}

static bool choose(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        const GPtrArray *list = completion->emulator->firmware;

        for (guint i = 0; list && i < list->len; i++)
                if (suits(g_ptr_array_index(list, i), def)) {
                        take(def, g_ptr_array_index(list, i));
                        return true;
                }
        return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                            "<os firmware='%s'>: no installed firmware is of that kind and for the machine "
                            "type %s, with what <firmware>, <loader> and <pm> ask of it",
                            vb_firmware_kind_words[def->os.firmware], def->os.machine);
}

/* The template of the variables goes with the code. */
static void find_template(VbCompletion *completion)
{
        VbNvram *nvram = completion->def->os.nvram;
        const VbFirmware *firmware;

        if (!nvram || nvram->template)
                return;
        firmware = vb_firmware_find_path(completion->emulator->firmware, completion->def->os.loader->path);
        if (!firmware || !firmware->template)
                return;
        nvram->template = g_strdup(firmware->template);
        if (firmware->template_format == VB_IMAGE_QCOW2) {
                nvram->template_format = VB_IMAGE_QCOW2;
                if (nvram->format == 0)
                        nvram->format = VB_IMAGE_QCOW2;
        }
}

/* UEFI tells a guest about its machine by ACPI; on ARM that is also the only way of having ACPI. */
static bool check_acpi(const VbCompletion *completion, GError **error)
{
        const VbDomainDef *def = completion->def;
        bool acpi = def->features->acpi, arm = g_str_equal(completion->emulator->arch, "aarch64");
        bool efi = def->os.firmware == VB_FIRMWARE_EFI || vb_loader_flash(def->os.loader);

        if (efi && !acpi && !arm && completion->machine->has_acpi)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "<os>: UEFI needs <acpi/> in <features> on this architecture");
        if (acpi && !efi && arm)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "<features>: <acpi/> needs UEFI on this architecture: <os "
                                    "firmware='efi'>");
        return true;
}

bool vb_complete_loader(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        VbLoader *loader;

        if (def->os.firmware != 0 && !(def->os.loader && def->os.loader->path) && !choose(completion, error))
                return false;
        loader = def->os.loader;
        if (loader && loader->path) {
                if (loader->type == 0)
                        loader->type = def->os.firmware == VB_FIRMWARE_EFI ? VB_LOADER_PFLASH : VB_LOADER_ROM;
                if (loader->type == VB_LOADER_PFLASH && !has_flash(completion->machine))
                        return vb_error_set_at(
                                error, VB_ERROR_UNSUPPORTED, loader->line,
                                "<loader type='pflash'>: the machine type %s has no flash memory",
                                completion->machine->name);
                if (!check_nvram_use(def, error) || !check_secure(completion, error))
                        return false;
                complete_nvram(def);
                find_template(completion);
        }
        return check_acpi(completion, error);
}
