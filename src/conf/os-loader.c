/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <loader> and <nvram>: the firmware that a guest starts with, and what it remembers. */
#include "conf/os-loader.h"

#include "conf/domain-def.h"
#include "conf/domain-values.h"
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

        if (loader->stateless == VB_TRISTATE_ON)
                g_clear_pointer(&def->os.nvram, g_free);
        else if (!def->os.nvram && loader->type == VB_LOADER_PFLASH && loader->readonly == VB_TRISTATE_ON)
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

bool vb_complete_loader(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        VbLoader *loader = def->os.loader;

        if (!loader || !loader->path) {
                if (def->os.firmware == 0)
                        return true;
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "<os firmware='%s'>: no firmware of that kind is installed for %s",
                                    vb_firmware_kind_words[def->os.firmware], completion->machine->name);
        }
        if (loader->type == 0)
                loader->type = VB_LOADER_ROM;
        if (loader->type == VB_LOADER_PFLASH && !has_flash(completion->machine))
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, loader->line,
                                       "<loader type='pflash'>: the machine type %s has no flash memory",
                                       completion->machine->name);
        if (!check_nvram_use(def, error) || !check_secure(completion, error))
                return false;
        complete_nvram(def);
        return true;
}
