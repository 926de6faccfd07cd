/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML of a domain in. Nothing is filled in here, and nothing is looked at but the text. */
#include <string.h>

#include "conf/domain-words.h"
#include "conf/xml-reader.h"
#include "util/error.h"

/* A guest physical address has at most 52 bits. */
#define MEMORY_MAX (1ULL << 52)
#define VCPUS_MAX 8192
#define PATH_LENGTH_MAX 4095
#define IDENTIFIER_LENGTH_MAX 64
#define IDENTIFIER_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.+"

/* libvirt's words for units of memory: "KB" is 1000 bytes, "k" and "KiB" are 1024. */
static uint64_t unit_bytes(const char *unit)
{
        static const char letters[] = "kmgtpe";
        const char *letter;
        uint64_t base, bytes = 1;

        if (g_ascii_strcasecmp(unit, "b") == 0 || g_ascii_strcasecmp(unit, "byte") == 0 ||
            g_ascii_strcasecmp(unit, "bytes") == 0)
                return 1;
        if (unit[0] != '\0' && (unit[1] == '\0' || g_ascii_strcasecmp(unit + 1, "ib") == 0))
                base = 1024;
        else if (unit[0] != '\0' && g_ascii_strcasecmp(unit + 1, "b") == 0)
                base = 1000;
        else
                return 0;
        letter = strchr(letters, g_ascii_tolower(unit[0]));
        if (!letter)
                return 0;
        for (const char *at = letters; at <= letter; at++)
                bytes *= base;
        return bytes;
}

/* The size in bytes, rounded up to KiB as libvirt does. */
static bool parse_memory(VbXmlNode *node, uint64_t *ret, GError **error)
{
        const char *unit = vb_xml_take_attribute(node, "unit"), *text = vb_xml_take_text(node);
        uint64_t factor = unit_bytes(unit ? unit : "KiB");
        guint64 number = 0;

        if (factor == 0)
                return vb_xml_error(
                        node, VB_ERROR_INVALID_XML, error,
                        "unit='%s' is not known; accepted: bytes, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, "
                        "PiB, EB, EiB",
                        unit);
        if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT64, &number, NULL))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not a positive number", text);
        if (number > MEMORY_MAX / factor)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "%s %s is more than any guest can have", text, unit ? unit : "KiB");
        *ret = (number * factor + 1023) / 1024 * 1024;
        return true;
}

static bool parse_vcpus(VbDomainDef *def, VbXmlNode *node, GError **error)
{
        static const char *const placements[] = { "static" };
        const char *text = vb_xml_take_text(node);
        guint64 number = 0;
        int placement = 0;

        if (!vb_xml_take_word(node, "placement", placements, G_N_ELEMENTS(placements), "auto", &placement,
                              error))
                return false;
        if (!g_ascii_string_to_unsigned(text, 10, 1, VCPUS_MAX, &number, NULL))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not a number from 1 to %d",
                                    text, VCPUS_MAX);
        def->vcpus_max = def->vcpus = (uint32_t) number;
        return vb_xml_take_uint32(node, "current", 1, def->vcpus_max, &def->vcpus, error);
}

/* NULL for an element that is missing or empty, as templates leave them. */
static void parse_text(VbXmlNode *parent, const char *name, char **ret)
{
        VbXmlNode *child = vb_xml_take_child(parent, name);
        const char *text = child ? vb_xml_take_text_verbatim(child) : "";

        *ret = *text != '\0' ? g_strdup(text) : NULL;
}

static bool parse_path(VbXmlNode *parent, const char *name, char **ret, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(parent, name);
        const char *text = child ? vb_xml_take_text(child) : "";

        if (*text == '\0')
                return true;
        if (*text != '/' || strlen(text) > PATH_LENGTH_MAX)
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                    "this is not an absolute path of at most %d bytes", PATH_LENGTH_MAX);
        *ret = g_strdup(text);
        return true;
}

/* What names something of QEMU's: no space, and nothing that separates options. */
static bool parse_identifier(VbXmlNode *node, const char *name, char **ret, GError **error)
{
        const char *text = vb_xml_take_attribute(node, name);

        if (!text || *text == '\0')
                return true;
        if (strlen(text) > IDENTIFIER_LENGTH_MAX || strspn(text, IDENTIFIER_CHARACTERS) != strlen(text))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "%s='%s' is not made of up to %d letters, digits and '-_.+'", name, text,
                                    IDENTIFIER_LENGTH_MAX);
        *ret = g_strdup(text);
        return true;
}

static bool parse_boot(VbDomainDef *def, VbXmlNode *os, GError **error)
{
        VbXmlNode *child;

        while ((child = vb_xml_take_child(os, "boot"))) {
                const char *text;
                int boot = -1;

                if (!vb_xml_require_attribute(child, "dev", &text, error) ||
                    !vb_xml_take_word(child, "dev", vb_boot_words, _VB_BOOT_MAX, NULL, &boot, error))
                        return false;
                for (uint32_t i = 0; i < def->os.n_boot; i++)
                        if (def->os.boot[i] == (VbBootDevice) boot)
                                return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                                    "dev='%s' is given twice", text);
                def->os.boot[def->os.n_boot++] = (VbBootDevice) boot;
        }
        return true;
}

static bool parse_os(VbDomainDef *def, VbXmlNode *node, GError **error)
{
        VbXmlNode *type = vb_xml_take_child(node, "type");
        const char *text;

        if (!type)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<type>hvm</type> is missing");
        text = vb_xml_take_text(type);
        if (!g_str_equal(text, "hvm"))
                return vb_xml_error(type, VB_ERROR_UNSUPPORTED, error, "'%s' is not supported; accepted: hvm",
                                    text);
        if (!parse_identifier(type, "arch", &def->os.arch, error) ||
            !parse_identifier(type, "machine", &def->os.machine, error) ||
            !parse_path(node, "kernel", &def->os.kernel, error) ||
            !parse_path(node, "initrd", &def->os.initrd, error))
                return false;
        parse_text(node, "cmdline", &def->os.cmdline);
        if (!def->os.kernel && (def->os.initrd || def->os.cmdline))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<%s> needs a <kernel>",
                                    def->os.initrd ? "initrd" : "cmdline");
        return parse_boot(def, node, error);
}

static bool parse_features(VbDomainDef *def, VbXmlNode *node, GError **error)
{
        VbXmlNode *vmport;

        def->features.acpi = vb_xml_take_child(node, "acpi") != NULL;
        def->features.apic = vb_xml_take_child(node, "apic") != NULL;
        def->features.pae = vb_xml_take_child(node, "pae") != NULL;
        vmport = vb_xml_take_child(node, "vmport");
        if (!vmport)
                return true;
        def->features.vmport = VB_TRISTATE_ON;
        return vb_xml_take_switch(vmport, "state", &def->features.vmport, error);
}

static bool parse_clock(VbDomainDef *def, VbXmlNode *node, GError **error)
{
        int offset = def->clock;

        if (!vb_xml_take_word(node, "offset", vb_clock_words, _VB_CLOCK_MAX, "absolute timezone variable",
                              &offset, error))
                return false;
        def->clock = (VbClockOffset) offset;
        return true;
}

static bool parse_action(VbXmlNode *root, const char *name, VbLifecycleAction *ret, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, name);
        const char *text;

        if (!node)
                return true;
        text = vb_xml_take_text(node);
        /* libvirt knows these, but not with QEMU; or this version does not. */
        if (g_str_equal(text, vb_action_words[VB_ACTION_RENAME_RESTART]) ||
            g_str_has_prefix(text, "coredump-"))
                return vb_xml_error(
                        node, VB_ERROR_UNSUPPORTED, error,
                        "'%s' is not supported by this version; accepted: destroy, restart, preserve", text);
        for (int i = 0; i < _VB_ACTION_MAX; i++)
                if (g_str_equal(text, vb_action_words[i])) {
                        *ret = (VbLifecycleAction) i;
                        return true;
                }
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                            "'%s' is not known; accepted: destroy, restart, preserve", text);
}

static bool parse_devices(VbDomainDef *def, VbXmlNode *node, GError **error)
{
        if (!parse_path(node, "emulator", &def->emulator, error))
                return false;
        for (int kind = 0; kind < _VB_DEVICE_MAX; kind++)
                vb_xml_expect_child(node, vb_device_kind_to_string((VbDeviceKind) kind));
        for (VbXmlNode *child = vb_xml_next_child(node, NULL); child;
             child = vb_xml_next_child(node, child)) {
                g_autoptr(GError) local = NULL;
                VbDevice *device = vb_device_read(child, &local);

                if (local) {
                        g_propagate_error(error, g_steal_pointer(&local));
                        return false;
                }
                if (device)
                        g_ptr_array_add(def->devices, device);
                if (def->devices->len > VB_DEVICES_MAX)
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "a domain has at most %d devices and controllers",
                                            VB_DEVICES_MAX);
        }
        return true;
}

static bool parse_identity(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node;
        const char *text, *problem;

        node = vb_xml_take_child(root, "name");
        if (!node)
                return vb_xml_error(root, VB_ERROR_INVALID_XML, error, "<name> is missing");
        text = vb_xml_take_text_verbatim(node);
        problem = vb_domain_name_problem(text);
        if (problem)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the name %s", problem);
        def->name = g_strdup(text);

        node = vb_xml_take_child(root, "uuid");
        text = node ? vb_xml_take_text(node) : "";
        if (*text != '\0' && !vb_uuid_from_string(text, def->uuid))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "this is not 32 hexadecimal digits");

        node = vb_xml_take_child(root, "title");
        text = node ? vb_xml_take_text_verbatim(node) : "";
        if (strchr(text, '\n'))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "this has more than one line");
        def->title = *text != '\0' ? g_strdup(text) : NULL;
        parse_text(root, "description", &def->description);
        return true;
}

static bool parse_domain(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        const char *text;
        VbXmlNode *node;
        int type = -1;

        if (!g_str_equal(vb_xml_node_name(root), "domain"))
                return vb_xml_error(root, VB_ERROR_INVALID_XML, error,
                                    "the outermost element is to be <domain>");
        /* A running domain's number, which libvirt writes but nobody sets. */
        vb_xml_take_attribute(root, "id");
        if (!vb_xml_require_attribute(root, "type", &text, error) ||
            !vb_xml_take_word(root, "type", vb_virt_type_words, VB_VIRT_TYPES,
                              "bhyve hvf hyperv kqemu lxc openvz parallels phyp test uml vbox vmware vz xen",
                              &type, error) ||
            !parse_identity(def, root, error))
                return false;
        def->virt_type = (VbVirtType) type;

        node = vb_xml_take_child(root, "memory");
        if (!node)
                return vb_xml_error(root, VB_ERROR_INVALID_XML, error, "<memory> is missing");
        if (!parse_memory(node, &def->memory, error))
                return false;
        node = vb_xml_take_child(root, "currentMemory");
        if (node && !parse_memory(node, &def->current_memory, error))
                return false;
        /* libvirt takes more than there is as all there is, and so must who takes its definitions. */
        def->current_memory = MIN(def->current_memory, def->memory);
        node = vb_xml_take_child(root, "vcpu");
        if (node && !parse_vcpus(def, node, error))
                return false;
        node = vb_xml_take_child(root, "os");
        if (!node)
                return vb_xml_error(root, VB_ERROR_INVALID_XML, error, "<os> is missing");
        if (!parse_os(def, node, error))
                return false;
        node = vb_xml_take_child(root, "features");
        if (node && !parse_features(def, node, error))
                return false;
        node = vb_xml_take_child(root, "clock");
        if (node && !parse_clock(def, node, error))
                return false;
        if (!parse_action(root, "on_poweroff", &def->on_poweroff, error) ||
            !parse_action(root, "on_reboot", &def->on_reboot, error) ||
            !parse_action(root, "on_crash", &def->on_crash, error))
                return false;
        node = vb_xml_take_child(root, "devices");
        return !node || parse_devices(def, node, error);
}

/* A graphics server has no alias in the format, so it is called by its place: always the same. */
static void name_graphics(VbDomainDef *def)
{
        unsigned n = 0;

        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = def->devices->pdata[i];

                if (device->kind == VB_DEVICE_GRAPHICS && !device->alias)
                        device->alias = g_strdup_printf("graphics%u", n++);
        }
}

VbDomainDef *vb_domain_def_parse(const char *text, gsize length, GError **error)
{
        g_autoptr(VbXmlDocument) document = vb_xml_document_parse(text, length, error);
        g_autoptr(VbDomainDef) def = NULL;

        if (!document)
                return NULL;
        def = vb_domain_def_new();
        if (!parse_domain(def, vb_xml_document_root(document), error) ||
            !vb_xml_document_finish(document, error))
                return NULL;
        name_graphics(def);
        return g_steal_pointer(&def);
}
