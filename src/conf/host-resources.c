/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition names of its host: the rules for the elements beside its devices, and the list. What is
 * digested is canonical XML, so that a resource that was granted is granted as it stands there and no
 * otherwise. */
#include "conf/host-resources.h"

#include <gio/gio.h>
#include <libxml/parser.h>
#include <string.h>

#include "conf/chardev.h"
#include "conf/firmware.h"
#include "conf/serial.h"
#include "conf/xml-tree.h"

#define ACTION_PREFIX "org.virtbus1."

static const char *const actions[_VB_HOST_USE_MAX] = {
        [VB_USE_HOST_DEVICES] = ACTION_PREFIX "use-host-devices",
        [VB_USE_HOST_NETWORK] = ACTION_PREFIX "use-host-network",
        [VB_USE_OTHER_IDENTITY] = ACTION_PREFIX "use-other-identity",
        [VB_USE_COMMAND_LINE] = ACTION_PREFIX "use-command-line",
        [VB_USE_EMULATOR] = ACTION_PREFIX "use-emulator",
        [VB_USE_FIRMWARE] = ACTION_PREFIX "use-firmware",
        [VB_USE_LOCKED_MEMORY] = ACTION_PREFIX "use-locked-memory",
        [VB_USE_REALTIME] = ACTION_PREFIX "use-realtime",
        [VB_USE_KVM] = ACTION_PREFIX "use-kvm",
        [VB_USE_REMOTE_ACCESS] = ACTION_PREFIX "use-remote-access",
};

struct VbHostList {
        const VbHostScope *scope;
        const VbDevice *device; /* that is being looked at */
        GPtrArray *resources;
};

const char *vb_host_use_action(VbHostUse use)
{
        return actions[use];
}

bool vb_host_use_from_action(const char *action, VbHostUse *ret)
{
        for (int use = 0; use < _VB_HOST_USE_MAX; use++)
                if (g_str_equal(actions[use], action)) {
                        *ret = (VbHostUse) use;
                        return true;
                }
        return false;
}

void vb_host_resource_free(VbHostResource *resource)
{
        if (!resource)
                return;
        g_free(resource->where);
        g_free(resource->description);
        g_free(resource);
}

static bool is_below(const char *path, const char *const *directories)
{
        g_autofree char *canonical = NULL;

        if (!path || *path != '/')
                return false;
        /* Two of them at the beginning would be kept, as they may mean something elsewhere. */
        while (path[1] == '/')
                path++;
        canonical = g_canonicalize_filename(path, "/");
        for (; *directories; directories++)
                if (g_str_has_prefix(canonical, *directories))
                        return true;
        return false;
}

bool vb_host_path_is_device(const char *path)
{
        static const char *const devices[] = { "/dev/", "/sys/", "/proc/", NULL };
        static const char *const others[] = { "/dev/shm/", NULL };

        return is_below(path, devices) && !is_below(path, others);
}

bool vb_host_path_is_program(const char *path)
{
        static const char *const directories[] = {
                "/usr/bin/",       "/usr/sbin/",          "/usr/libexec/", "/usr/lib/", "/usr/lib64/",
                "/usr/local/bin/", "/usr/local/libexec/", "/bin/",         "/sbin/",    NULL
        };

        return is_below(path, directories);
}

bool vb_host_address_is_local(const char *address)
{
        g_autoptr(GInetAddress) parsed = NULL;

        if (!address)
                return false;
        if (g_str_equal(address, "localhost"))
                return true;
        parsed = g_inet_address_new_from_string(address);
        return parsed && g_inet_address_get_is_loopback(parsed);
}

static void set_digest(VbHostResource *resource, const char *text)
{
        g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

        g_strlcpy(resource->digest, digest, sizeof(resource->digest));
}

/* Takes @description over. */
static void add_resource(VbHostList *list, VbHostUse use, const char *where, char *description,
                         const char *text)
{
        g_autofree char *owned = description;
        VbHostResource *resource;

        for (guint i = 0; i < list->resources->len; i++) {
                resource = list->resources->pdata[i];
                if (resource->use == use && g_str_equal(resource->where, where)) {
                        g_autofree char *before = resource->description;

                        resource->description = g_strconcat(before, ", ", owned, NULL);
                        return;
                }
        }
        resource = g_new0(VbHostResource, 1);
        resource->use = use;
        resource->where = g_strdup(where);
        resource->description = g_steal_pointer(&owned);
        set_digest(resource, text);
        g_ptr_array_add(list->resources, resource);
}

const VbHostScope *vb_host_list_scope(const VbHostList *list)
{
        return list->scope;
}

void vb_host_list_add(VbHostList *list, VbHostUse use, const char *format, ...)
{
        g_autofree char *text = vb_device_format(list->device);
        va_list ap;

        va_start(ap, format);
        add_resource(list, use, list->device->alias, g_strdup_vprintf(format, ap), text);
        va_end(ap);
}

/* The text of an element that has no others in it, "" for none. */
static bool is_own_emulator(xmlNode *node, const VbHostScope *scope)
{
        g_autofree char *path = vb_xml_tree_text(node);

        return !vb_host_path_is_program(path);
}

static bool is_system_firmware(const char *path, const VbHostScope *scope)
{
        static const char *const directories[] = { "/usr/share/", "/usr/lib/", "/usr/lib64/",
                                                   "/usr/local/share/", NULL };

        for (guint i = 0; scope->firmware && i < scope->firmware->len; i++) {
                const VbFirmware *firmware = scope->firmware->pdata[i];

                if (g_strcmp0(firmware->path, path) == 0 || g_strcmp0(firmware->template, path) == 0)
                        return true;
        }
        return is_below(path, directories);
}

static bool is_own_loader(xmlNode *node, const VbHostScope *scope)
{
        g_autofree char *path = vb_xml_tree_text(node);

        return *path && !is_system_firmware(path, scope);
}

/* A place of its own choice, or a template; the place that the service gives has neither a path nor a source.
 */
static bool is_own_nvram(xmlNode *node, const VbHostScope *scope)
{
        g_autofree char *template = vb_xml_tree_attribute(node, "template"), *path = vb_xml_tree_text(node);

        return *path || xmlFirstElementChild(node) || (template && !is_system_firmware(template, scope));
}

static bool is_realtime(xmlNode *node, const VbHostScope *scope)
{
        g_autofree char *scheduler = vb_xml_tree_attribute(node, "scheduler");

        return g_strcmp0(scheduler, "fifo") == 0 || g_strcmp0(scheduler, "rr") == 0;
}

/* The owner's own user is no other identity; that any group is his cannot be told here. */
static bool is_owner(xmlNode *label, uid_t owner)
{
        g_autofree char *text = vb_xml_tree_text(label), *number = g_strdup_printf("%u", (unsigned) owner);

        return g_str_equal(*text == '+' ? text + 1 : text, number);
}

static bool is_other_identity(xmlNode *node, const VbHostScope *scope)
{
        g_autofree char *type = vb_xml_tree_attribute(node, "type"),
                        *model = vb_xml_tree_attribute(node, "model");

        if (g_strcmp0(type, "none") == 0)
                return true;
        for (xmlNode *child = xmlFirstElementChild(node); child; child = xmlNextElementSibling(child))
                if (g_strcmp0(model, "dac") != 0 || !is_owner(child, scope->owner))
                        return true;
        return g_strcmp0(type, "static") == 0 && !xmlFirstElementChild(node);
}

static bool is_device(xmlNode *node, const VbHostScope *scope)
{
        g_autofree char *path = vb_xml_tree_text(node);

        return vb_host_path_is_device(path);
}

static bool has_device(xmlNode *node, const VbHostScope *scope)
{
        g_autofree char *path = vb_xml_tree_attribute(node, "file");

        return path && vb_host_path_is_device(path);
}

/* The elements beside the devices that name something of the host's, by their place below <domain>. */
/* clang-format off */
static const struct {
        const char *path;
        VbHostUse use;
        const char *what; /* before the element's text */
        bool (*applies)(xmlNode *node, const VbHostScope *scope); /* NULL: always */
} rules[] = {
        { "devices/emulator",        VB_USE_EMULATOR,       "the emulator", is_own_emulator },
        { "os/loader",               VB_USE_FIRMWARE,       "the firmware", is_own_loader },
        { "os/nvram",                VB_USE_FIRMWARE,       "the place or template of the firmware's variables", is_own_nvram },
        { "os/kernel",               VB_USE_HOST_DEVICES,   "as kernel the device", is_device },
        { "os/initrd",               VB_USE_HOST_DEVICES,   "as initrd the device", is_device },
        { "os/dtb",                  VB_USE_HOST_DEVICES,   "as device tree the device", is_device },
        { "os/acpi/table",           VB_USE_HOST_DEVICES,   "as ACPI table the device", is_device },
        { "sysinfo/entry",           VB_USE_HOST_DEVICES,   "a device as what the firmware is told", has_device },
        { "memoryBacking/hugepages", VB_USE_LOCKED_MEMORY,    "the host's huge pages", NULL },
        { "memoryBacking/locked",    VB_USE_LOCKED_MEMORY,    "memory that is locked", NULL },
        { "cputune/vcpusched",       VB_USE_REALTIME,       "a real-time priority of processors", is_realtime },
        { "cputune/iothreadsched",   VB_USE_REALTIME,       "a real-time priority of I/O threads", is_realtime },
        { "cputune/emulatorsched",   VB_USE_REALTIME,       "a real-time priority of the emulator", is_realtime },
        { "cputune/cachetune",       VB_USE_REALTIME,       "a share of the processors' cache", NULL },
        { "cputune/memorytune",      VB_USE_REALTIME,       "a share of the memory's bandwidth", NULL },
        { "blkiotune",               VB_USE_REALTIME,       "a share of the disks' bandwidth", NULL },
        { "resource",                VB_USE_OTHER_IDENTITY, "another control group than its owner's", NULL },
        { "seclabel",                VB_USE_OTHER_IDENTITY, "another identity than its owner's user alone", is_other_identity },
        { "commandline",             VB_USE_COMMAND_LINE,   "options for the emulator's command line", NULL },
};

/* What names nothing of the host's, or only files that the emulator opens as the owner; with all that is in it. */
static const char *const free_elements[] = {
        "name", "uuid", "title", "description", "metadata", "genid", "maxMemory", "memory", "currentMemory", "memtune",
        "memoryBacking/nosharepages", "memoryBacking/source", "memoryBacking/access", "memoryBacking/allocation",
        "memoryBacking/discard", "vcpu", "vcpus", "iothreads", "iothreadids", "defaultiothread", "cputune/shares",
        "cputune/period", "cputune/quota", "cputune/global_period", "cputune/global_quota", "cputune/emulator_period",
        "cputune/emulator_quota", "cputune/iothread_period", "cputune/iothread_quota", "cputune/vcpupin",
        "cputune/iothreadpin", "cputune/emulatorpin", "numatune", "sysinfo", "os/type", "os/firmware", "os/kernel",
        "os/initrd", "os/cmdline", "os/dtb", "os/acpi", "os/boot", "os/bootmenu", "os/smbios", "os/bios", "features",
        "cpu", "clock", "on_poweroff", "on_reboot", "on_crash", "on_lockfailure", "pm", "perf", "keywrap",
        NULL,
};
/* clang-format on */

static bool is_in(const char *path, const char *of)
{
        gsize length = strlen(of);

        return strncmp(path, of, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

bool vb_host_rules_know(const char *path)
{
        for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
                if (is_in(path, rules[i].path))
                        return true;
        for (gsize i = 0; free_elements[i]; i++)
                if (is_in(path, free_elements[i]))
                        return true;
        return false;
}

static void append_element(GString *text, xmlNode *node)
{
        xmlBuffer *buffer = xmlBufferCreate();

        xmlNodeDump(buffer, node->doc, node, 0, 0);
        g_string_append(text, (const char *) xmlBufferContent(buffer));
        xmlBufferFree(buffer);
}

/* The elements below @parent that are at @path and to which the rule applies, as one text. */
static void collect(gsize rule, const VbHostScope *scope, xmlNode *parent, const char *path, GString *text,
                    GString *what)
{
        gsize length = strcspn(path, "/");

        for (xmlNode *node = xmlFirstElementChild(parent); node; node = xmlNextElementSibling(node)) {
                const char *name = (const char *) node->name;
                g_autofree char *content = NULL;

                if (strlen(name) != length || strncmp(name, path, length) != 0)
                        continue;
                if (path[length] == '/') {
                        collect(rule, scope, node, path + length + 1, text, what);
                        continue;
                }
                if (rules[rule].applies && !rules[rule].applies(node, scope))
                        continue;
                append_element(text, node);
                content = vb_xml_tree_text(node);
                if (*content)
                        g_string_append_printf(what, " %s", content);
        }
}

static void list_elements(VbHostList *list, xmlNode *root)
{
        for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
                g_autoptr(GString) text = g_string_new(NULL), what = g_string_new(rules[i].what);

                collect(i, list->scope, root, rules[i].path, text, what);
                if (text->len > 0)
                        add_resource(list, rules[i].use, rules[i].path, g_strdup(what->str), text->str);
        }
}

static void list_device(VbHostList *list, const VbDevice *device)
{
        const VbHostRule *rule = &vb_host_rules[device->kind];
        const VbChardev *source = vb_device_chardev(device);

        /* The first serial port once more. */
        if (device->kind == VB_DEVICE_CONSOLE &&
            ((const VbConsole *) device)->target == VB_CONSOLE_TARGET_SERIAL)
                return;
        list->device = device;
        if (device->rom.file && vb_host_path_is_device(device->rom.file))
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "as option ROM the device %s", device->rom.file);
        if (rule->list)
                rule->list(list, device);
        if (source)
                vb_host_list_chardev(list, source);
}

/* Only from our own text. */
static void list_text(VbHostList *list, const char *xml)
{
        xmlDoc *document = xmlReadMemory(xml, (int) strlen(xml), NULL, NULL,
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

        g_assert(document);
        list_elements(list, xmlDocGetRootElement(document));
        xmlFreeDoc(document);
}

GPtrArray *vb_host_resources_list(const VbDomainDef *def, const VbHostScope *scope)
{
        VbHostList list = { .scope = scope,
                            .resources =
                                    g_ptr_array_new_with_free_func((GDestroyNotify) vb_host_resource_free) };
        g_autofree char *xml = vb_domain_def_format(def);

        if (def->virt_type == VB_VIRT_KVM && !scope->owner_may_use_kvm)
                add_resource(&list, VB_USE_KVM, "domain", g_strdup("the host's KVM"), "kvm");
        list_text(&list, xml);
        for (guint i = 0; i < def->devices->len; i++)
                list_device(&list, def->devices->pdata[i]);
        return list.resources;
}

GPtrArray *vb_host_resources_of_emulator(const VbDomainDef *def, const VbHostScope *scope)
{
        VbHostList list = { .scope = scope,
                            .resources =
                                    g_ptr_array_new_with_free_func((GDestroyNotify) vb_host_resource_free) };
        g_autofree char *xml = NULL;

        if (!def->emulator)
                return list.resources;
        xml = g_markup_printf_escaped("<domain><devices><emulator>%s</emulator></devices></domain>",
                                      def->emulator);
        list_text(&list, xml);
        return list.resources;
}
