/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A completed definition as a QEMU command line: the options of the whole machine, and the order of the
 * devices. What a device needs is its own file's, one per class. Nothing is decided here by a machine type's
 * name. */
#include "qemu/argv.h"

#include "conf/features.h"
#include "conf/graphics.h"
#include "conf/usb.h"
#include "qemu/argv-demands.h"
#include "qemu/argv-parts.h"
#include "qemu/sandbox.h"
#include "util/error.h"

static const VbArgvClass *const classes[_VB_DEVICE_MAX] = {
        [VB_DEVICE_DISK] = &vb_argv_disk,
        [VB_DEVICE_CONTROLLER] = &vb_argv_controller,
        [VB_DEVICE_FILESYSTEM] = &vb_argv_filesystem,
        [VB_DEVICE_INTERFACE] = &vb_argv_interface,
        [VB_DEVICE_SMARTCARD] = &vb_argv_smartcard,
        [VB_DEVICE_SERIAL] = &vb_argv_serial,
        [VB_DEVICE_PARALLEL] = &vb_argv_parallel,
        [VB_DEVICE_CONSOLE] = &vb_argv_console,
        [VB_DEVICE_CHANNEL] = &vb_argv_channel,
        [VB_DEVICE_INPUT] = &vb_argv_input,
        [VB_DEVICE_LEASE] = &vb_argv_lease,
        [VB_DEVICE_TPM] = &vb_argv_tpm,
        [VB_DEVICE_NVRAM] = &vb_argv_nvram_device,
        [VB_DEVICE_SHMEM] = &vb_argv_shmem,
        [VB_DEVICE_MEMORY] = &vb_argv_memory_device,
        [VB_DEVICE_CRYPTO] = &vb_argv_crypto,
        [VB_DEVICE_IOMMU] = &vb_argv_iommu,
        [VB_DEVICE_GRAPHICS] = &vb_argv_graphics,
        [VB_DEVICE_SOUND] = &vb_argv_sound,
        [VB_DEVICE_AUDIO] = &vb_argv_audio,
        [VB_DEVICE_VIDEO] = &vb_argv_video,
        [VB_DEVICE_REDIRDEV] = &vb_argv_redirdev,
        [VB_DEVICE_REDIRFILTER] = &vb_argv_redirfilter,
        [VB_DEVICE_HOSTDEV] = &vb_argv_hostdev,
        [VB_DEVICE_HUB] = &vb_argv_hub,
        [VB_DEVICE_WATCHDOG] = &vb_argv_watchdog,
        [VB_DEVICE_MEMBALLOON] = &vb_argv_memballoon,
        [VB_DEVICE_RNG] = &vb_argv_rng,
        [VB_DEVICE_PANIC] = &vb_argv_panic,
        [VB_DEVICE_VSOCK] = &vb_argv_vsock,
};

static bool add_name(VbArgv *argv, GError **error)
{
        g_autofree char *name = vb_argv_quote(argv->def->name);
        g_autofree char *value = g_strdup_printf("guest=%s,debug-threads=on", name);

        vb_argv_add(argv, "-name", value);
        vb_argv_add(argv, "-S", NULL);
        if (argv->context->incoming)
                vb_argv_add(argv, "-incoming", "defer");
        return true;
}

static bool add_machine(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;
        g_autoptr(GString) value = vb_argv_machine(argv);

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (classes[device->kind]->machine)
                        classes[device->kind]->machine(argv, device, value);
        }
        vb_argv_add(argv, "-machine", value->str);
        return true;
}

static bool has_display(const VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->kind == VB_DEVICE_GRAPHICS && vb_graphics_is_display((const VbGraphics *) device))
                        return true;
        }
        return false;
}

static bool add_surroundings(VbArgv *argv, GError **error)
{
        vb_argv_add(argv, "-uuid", argv->def->uuid);
        if (!has_display(argv->def))
                vb_argv_add(argv, "-display", "none");
        vb_argv_add(argv, "-no-user-config", NULL);
        vb_argv_add(argv, "-nodefaults", NULL);
        vb_argv_add(argv, "-sandbox", VB_QEMU_SANDBOX);
        return true;
}

static bool add_monitor(VbArgv *argv, GError **error)
{
        /* In a dry run there is no descriptor; 3 stands for it. */
        int fd = argv->context->monitor_fd >= 0 ? argv->context->monitor_fd : 3;
        g_autofree char *value = g_strdup_printf("socket,id=charmonitor,fd=%d,server=on,wait=off", fd);

        vb_argv_add(argv, "-chardev", value);
        vb_argv_add(argv, "-mon", "chardev=charmonitor,id=monitor,mode=control");
        return true;
}

/* A guest that shuts down or panics is stopped and stays, so that its end is an event that we hear of and an
 * emulator that we end; a guest that reboots is reset by QEMU itself, unless its reboot is to be its end too.
 */
static bool add_lifecycle(VbArgv *argv, GError **error)
{
        vb_argv_add(argv, "-action",
                    argv->def->on_reboot == VB_ACTION_RESTART ? "shutdown=pause,panic=pause"
                                                              : "shutdown=pause,panic=pause,reboot=shutdown");
        return true;
}

/* Last, so that it can take back what comes before. */
static bool add_commandline(VbArgv *argv)
{
        const VbCommandline *line = argv->def->commandline;

        for (guint i = 0; line && i < line->args->len; i++)
                vb_argv_add(argv, g_ptr_array_index(line->args, i), NULL);
        return true;
}

char **vb_argv_environment(const VbDomainDef *def)
{
        GPtrArray *env = g_ptr_array_new();

        if (def->clock->offset == VB_CLOCK_TIMEZONE)
                g_ptr_array_add(env, g_strconcat("TZ=", def->clock->timezone, NULL));
        for (guint i = 0; def->commandline && i < def->commandline->env->len; i++)
                g_ptr_array_add(env, g_strdup(g_ptr_array_index(def->commandline->env, i)));
        g_ptr_array_add(env, NULL);
        return (char **) g_ptr_array_free(env, FALSE);
}

static bool (*const parts[])(VbArgv *, GError **) = {
        add_name,         vb_argv_add_flash,        add_machine,          vb_argv_add_accelerator,
        vb_argv_add_cpu,  vb_argv_add_memory,       vb_argv_add_firmware, vb_argv_add_processors,
        vb_argv_add_numa, vb_argv_add_iothreads,    vb_argv_add_sysinfo,  add_surroundings,
        add_monitor,      vb_argv_add_clock,        vb_argv_add_pm,       add_lifecycle,
        vb_argv_add_boot, vb_argv_add_root_options,
};

static bool build(VbArgv *argv, const VbDevice *device, GError **error)
{
        guint first = argv->args->len;

        return classes[device->kind]->build(argv, device, error) &&
               vb_argv_check_demands(argv, first, device, error);
}

static bool add_device(VbArgv *argv, GHashTable *seen, const VbDevice *device, GError **error)
{
        const VbDevice *parent = NULL, *hub = NULL;

        if (!g_hash_table_add(seen, (gpointer) device))
                return true;
        /* QEMU plugs in as it reads: what a controller sits on comes before it. */
        parent = vb_domain_def_find_parent(argv->def, device);
        if (parent && !add_device(argv, seen, parent, error))
                return false;
        hub = vb_usb_find_hub(argv->def, device);
        if (hub && !add_device(argv, seen, hub, error))
                return false;
        return device->builtin || build(argv, device, error);
}

static bool is_companion(const VbDevice *device)
{
        return vb_controller_model_is_companion(((const VbController *) device)->model);
}

static bool is_pci_controller(const VbDevice *device)
{
        return ((const VbController *) device)->type == VB_CONTROLLER_PCI;
}

/* The IOMMU, which is to know of all that comes; the buses, then what is on them; within that in the order of
 * the XML, which is what numbers the serials of IDE drives that have none. Companions need their master. */
static bool add_devices(VbArgv *argv, GError **error)
{
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

        for (int pass = -1; pass < 4; pass++)
                for (guint i = 0; i < argv->def->devices->len; i++) {
                        const VbDevice *device = g_ptr_array_index(argv->def->devices, i);
                        bool controller = device->kind == VB_DEVICE_CONTROLLER;

                        if ((pass == -1 && device->kind != VB_DEVICE_IOMMU) ||
                            (pass == 0 && (!controller || !is_pci_controller(device))) ||
                            (pass == 1 && (!controller || is_companion(device))) ||
                            (pass == 2 && !controller))
                                continue;
                        if (!add_device(argv, seen, device, error))
                                return false;
                }
        return true;
}

char **vb_argv_build(const VbDomainDef *def, const VbArgvContext *context, GError **error)
{
        g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GHashTable) boot_indexes = vb_argv_boot_indexes(def);
        VbArgv argv = {
                .args = args, .def = def, .context = context, .boot_indexes = boot_indexes, .next_fd = 4
        };

        g_ptr_array_add(args, g_strdup(context->emulator->path));
        for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
                if (!parts[i](&argv, error))
                        return NULL;
        if (!vb_argv_check_demands(&argv, 0, NULL, error) || !add_devices(&argv, error) ||
            !add_commandline(&argv))
                return NULL;
        g_ptr_array_add(args, NULL);
        return (char **) g_ptr_array_steal(args, NULL);
}

bool vb_argv_check_start_device(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbArgvClass *class = classes[device->kind];

        return device->builtin || !class->check_start || class->check_start(def, device, error);
}

bool vb_argv_check_start(const VbDomainDef *def, GError **error)
{
        const VbFeatureChoice *gic = def->features->gic;

        if (gic && gic->value == VB_GIC_HOST && def->virt_type != VB_VIRT_KVM)
                return vb_error_set_at(
                        error, VB_ERROR_UNSUPPORTED, gic->line,
                        "<gic version='host'> needs KVM; version='2' or version='3' is emulated");
        for (guint i = 0; i < def->devices->len; i++)
                if (!vb_argv_check_start_device(def, g_ptr_array_index(def->devices, i), error))
                        return false;
        return true;
}

char **vb_argv_build_device(const VbDomainDef *def, const VbDevice *device, const VbArgvContext *context,
                            GError **error)
{
        g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GHashTable) boot_indexes = vb_argv_boot_indexes(def);
        VbArgv argv = {
                .args = args, .def = def, .context = context, .boot_indexes = boot_indexes, .next_fd = 4
        };

        if (!build(&argv, device, error))
                return NULL;
        g_ptr_array_add(args, NULL);
        return (char **) g_ptr_array_steal(args, NULL);
}
