/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One row for each part of the format that nothing here can give a guest, with the reason. A definition keeps
 * it: another host, or a later release, may well be able to. Rows go away as the service learns. */
#include "domain/unmet.h"

#include "conf/fields.h"
#include "conf/interface.h"
#include "util/error.h"

#define ALL VB_FIELDS_ALL
#define ENCRYPTED "it is the emulator that would have to encrypt, which <source tls='yes'/> makes it do"

typedef struct {
        const VbDomainDef *def;
        const VbNetworks *networks;
        const char *element;    /* "domain", or a device's */
        const VbDevice *device; /* NULL: the domain */
        bool refused;           /* which of the two kinds is looked for */
        GPtrArray *found;       /* char *, a line each */
} Search;

static bool is_kvm(const Search *search, const char *value)
{
        return search->def->virt_type == VB_VIRT_KVM;
}

static bool is_tcg(const Search *search, const char *value)
{
        return search->def->virt_type != VB_VIRT_KVM;
}

/* On a network of the host's, by a tap that the service opens. */
static bool is_tap(const Search *search, const char *value)
{
        const VbInterface *interface = (const VbInterface *) search->device;
        const VbNetwork *network;

        switch (interface->type) {
        case VB_INTERFACE_BRIDGE:
        case VB_INTERFACE_ETHERNET:
        case VB_INTERFACE_DIRECT:
                return true;
        case VB_INTERFACE_NETWORK:
                network = vb_networks_find(search->networks, interface->source.network);
                return network && network->kind != VB_NETWORK_USER;
        default:
                return false;
        }
}

static bool is_plain_card(const Search *search, const char *value)
{
        const VbInterface *interface = (const VbInterface *) search->device;

        return interface->type != VB_INTERFACE_HOSTDEV && !vb_interface_is_virtio(interface);
}

static bool is_no_vcpu(const Search *search, const char *value)
{
        return g_ascii_strtoull(value, NULL, 10) >= search->def->vcpus_max;
}

static bool has_no_kernel(const Search *search, const char *value)
{
        return !search->def->os.kernel;
}

/* clang-format off */
/* The first that fits counts. */
static const struct {
        const char *element; /* "domain", or one below <devices> */
        const char *paths;   /* see fields.h */
        const char *value;   /* that alone; NULL: any */
        bool refused;        /* it promises what others, or the guest, rely on */
        const char *what;    /* as people write it */
        const char *why;
        bool (*applies)(const Search *search, const char *value); /* NULL: always */
} rows[] = {
        { "domain", "cputune/emulator_period cputune/emulator_quota cputune/iothread_period cputune/iothread_quota",
          NULL, false, "quotas of the emulator's and I/O threads",
          "a guest's threads are limited together, by <quota> and <global_quota>", NULL },
        { "domain", "cputune/cachetune" ALL " cputune/memorytune" ALL, NULL, true, "<cachetune> and <memorytune>",
          "no part of the processors' caches and memory bandwidth is set aside by this service", NULL },
        { "domain", "resource/fibrechannel" ALL, NULL, false, "<fibrechannel>",
          "no traffic of disks is marked with the guest that it is of", NULL },
        { "domain", "perf/event@enabled", "yes", false, "<perf>", "nothing is counted while a guest runs", NULL },
        { "domain", "vcpu@placement numatune/memory@placement", "auto", false, "placement='auto'",
          "nobody is asked which of the host's nodes are free; the kernel places the guest", NULL },
        { "domain", "numatune/memnode@mode", "restrictive", false, "<memnode mode='restrictive'>",
          "the nodes of a guest's cells are limited together, by those of <memory>", NULL },
        { "domain", "cputune/vcpupin@vcpu", NULL, false, "<vcpupin>", "the guest has no such processor", is_no_vcpu },
        { "domain", "os/initrd os/cmdline os/dtb", NULL, false, "<initrd>, <cmdline> and <dtb>",
          "they come with a <kernel>, and the domain has none", has_no_kernel },
        { "domain", "on_lockfailure", NULL, false, "<on_lockfailure>", "there is no lock manager", NULL },
        { "domain", "features/viridian" ALL " features/hap" ALL " features/privnet" ALL, NULL, false, "<features>",
          "<viridian>, <hap> and <privnet> are switches of other hypervisors", NULL },
        { "domain", "features/msrs@unknown", NULL, false, "<msrs>",
          "what becomes of unknown registers is decided for the whole host, by KVM's parameter ignore_msrs", NULL },
        { "domain", "clock/timer@mode", NULL, false, "<timer mode=''>", "the emulator has no modes of timers", NULL },
        { "domain", "clock/timer/catchup" ALL, NULL, false, "<catchup>",
          "the emulator catches up at a rate of its own", NULL },
        { "domain", "cpu/vendor", NULL, false, "<vendor>",
          "the vendor of the host's processor is not looked at; the guest sees that of the model", NULL },
        { "disk", "backenddomain" ALL, NULL, true, "<backenddomain>", "disks are served by the host alone", NULL },
        { "domain", "features/tcg" ALL, NULL, false, "<tcg>", "KVM does without the emulator's own processor",
          is_kvm },
        { "domain", "features/kvm/dirty-ring" ALL " features/ioapic" ALL, NULL, false, "<dirty-ring> and <ioapic>",
          "they are switches of KVM, which the domain does not use", is_tcg },
        { "interface", "driver" ALL, NULL, false, "<driver>", "only virtio cards have such a driver",
          is_plain_card },
        { "interface", "bandwidth" ALL, NULL, true, "<bandwidth>", "the traffic of taps is not limited", is_tap },
        { "interface", "virtualport" ALL, NULL, true, "<virtualport>",
          "only bridges and cards of the kernel's are used", is_tap },
        { "interface", "coalesce" ALL, NULL, true, "<coalesce>", "taps are used with the kernel's settings", is_tap },
        { "interface", "bandwidth" ALL, NULL, false, "<bandwidth>", "the traffic of such networks is not limited", NULL },
        { "interface", "filterref" ALL, NULL, true, "<filterref>", "there are no filters on networks", NULL },
        { "interface", "vlan" ALL, NULL, true, "<vlan>", "there are no VLANs on networks, and taps are used without", NULL },
        { "interface", "port@isolated", "yes", true, "<port isolated='yes'/>",
          "there are no isolated ports on networks", NULL },
        { "interface", "virtualport" ALL, NULL, false, "<virtualport>", "such networks are not on a switch", NULL },
        { "interface", "coalesce" ALL, NULL, false, "<coalesce>", "such networks have nothing to set that for", NULL },
        { "interface", "tune" ALL, NULL, false, "<tune>", "there is no tap device whose buffer it would set", NULL },
        { "interface", "guest" ALL, NULL, false, "<guest>", "a guest names its network cards itself", NULL },
        { "interface", "backenddomain" ALL, NULL, true, "<backenddomain>", "networks are served by the host alone", NULL },
        { "interface", "@trustGuestRxFilters", "yes", false, "trustGuestRxFilters='yes'",
          "the host passes all multicast on, and what else a guest wants to receive changes nothing", NULL },
        { "serial", "protocol@type", "telnets", true, "<protocol type='telnets'/>", ENCRYPTED, NULL },
        { "serial", "protocol@type", "tls", true, "<protocol type='tls'/>", ENCRYPTED, NULL },
        { "graphics", "@display @xauth", NULL, true, "display='' and xauth=''",
          "guests are not let into anybody's desktop; use VNC, SPICE or D-Bus", NULL },
        { "graphics", "listen@network", NULL, false, "<listen type='network'>",
          "networks have no addresses of the host's here; the server listens on the loopback address", NULL },
        { "hostdev", "source@startupPolicy", "mandatory", false, "startupPolicy='mandatory'",
          "a USB device that is not there can be plugged in later", NULL },
        { "hostdev", "source@startupPolicy", "requisite", false, "startupPolicy='requisite'",
          "a USB device that is not there can be plugged in later", NULL },
        { "hostdev", "@rawio", "yes", true, "rawio='yes'", "no guest is given the right to raw I/O", NULL },
        { "filesystem", "space_hard_limit space_soft_limit", NULL, true, "<space_hard_limit> and <space_soft_limit>",
          "how much a guest writes into a folder is not limited", NULL },
        { "tpm", "backend@persistent_state", "yes", false, "persistent_state='yes'",
          "the state of a TPM goes with the domain that it is of", NULL },
        { "video", "driver@vgaconf", NULL, false, "<driver vgaconf=''>", "the emulator has no such switch", NULL },
        { "video", "model/acceleration@accel2d", "yes", false, "accel2d='yes'", "the emulator has no such switch", NULL },
};
/* clang-format on */

/* Character devices are alike. */
static const char *const chardevs[] = { "serial", "parallel", "console", "channel", "redirdev", "smartcard" };

static const char *class_of(const char *element)
{
        for (gsize i = 0; i < G_N_ELEMENTS(chardevs); i++)
                if (g_str_equal(element, chardevs[i]))
                        return chardevs[0];
        return element;
}

static gssize find_row(const Search *search, const char *path, const char *value)
{
        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
                if (g_str_equal(rows[i].element, class_of(search->element)) &&
                    vb_fields_match(rows[i].paths, path) > 0 &&
                    (!rows[i].value || g_str_equal(rows[i].value, value)) &&
                    (!rows[i].applies || rows[i].applies(search, value)))
                        return (gssize) i;
        return -1;
}

static void on_field(const char *path, const char *label, const char *value, void *userdata)
{
        const Search *search = userdata;
        gssize row = find_row(search, path, value);
        g_autofree char *line = NULL;

        if (row < 0 || rows[row].refused != search->refused)
                return;
        line = g_strdup_printf("%s%s%s: %s", search->device ? search->device->alias : "",
                               search->device ? ": " : "", rows[row].what, rows[row].why);
        if (!g_ptr_array_find_with_equal_func(search->found, line, g_str_equal, NULL))
                g_ptr_array_add(search->found, g_steal_pointer(&line));
}

static void search_device(Search *search, const VbDevice *device)
{
        g_autofree char *xml = vb_device_format(device);

        search->device = device;
        search->element = vb_device_class(device->kind)->element;
        vb_fields_visit(xml, true, on_field, search);
}

static char **end_search(Search *search)
{
        g_ptr_array_add(search->found, NULL);
        return (char **) g_ptr_array_free(search->found, FALSE);
}

static char **find(const VbDomainDef *def, const VbNetworks *networks, bool refused)
{
        g_autofree char *text = vb_domain_def_format(def);
        Search search = { def, networks, "domain", NULL, refused, g_ptr_array_new() };

        vb_fields_visit(text, false, on_field, &search);
        for (guint i = 0; i < def->devices->len; i++)
                search_device(&search, def->devices->pdata[i]);
        return end_search(&search);
}

static bool refuse(char **found, GError **error)
{
        g_autofree char *list = g_strjoinv("; ", found);

        return !*found || vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                       "The definition asks for what cannot be given here, and is not started "
                                       "without it: %s",
                                       list);
}

bool vb_unmet_check(const VbDomainDef *def, const VbNetworks *networks, GError **error)
{
        g_auto(GStrv) found = find(def, networks, true);

        return refuse(found, error);
}

bool vb_unmet_check_device(const VbDomainDef *def, const VbDevice *device, const VbNetworks *networks,
                           GError **error)
{
        Search search = { def, networks, NULL, NULL, true, g_ptr_array_new() };
        g_auto(GStrv) found = NULL;

        search_device(&search, device);
        found = end_search(&search);
        return refuse(found, error);
}

char **vb_unmet_list(const VbDomainDef *def, const VbNetworks *networks)
{
        return find(def, networks, false);
}
