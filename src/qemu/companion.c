/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What swtpm, passt and virtiofsd are told: see swtpm(8), passt(1) and virtiofsd(1). */
#include "qemu/companion.h"

#include "util/error.h"

static void add(GPtrArray *args, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(GPtrArray *args, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        g_ptr_array_add(args, g_strdup_vprintf(format, ap));
        va_end(ap);
}

static char **finish(GPtrArray *args)
{
        g_ptr_array_add(args, NULL);
        return (char **) g_ptr_array_free(args, FALSE);
}

bool vb_companion_is_needed(const VbDevice *device)
{
        switch (device->kind) {
        case VB_DEVICE_TPM:
                return ((const VbTpm *) device)->backend == VB_TPM_EMULATOR;
        case VB_DEVICE_FILESYSTEM:
                return vb_filesystem_is_virtiofs((const VbFilesystem *) device) &&
                       !((const VbFilesystem *) device)->socket;
        case VB_DEVICE_INTERFACE:
                return ((const VbInterface *) device)->parts.backend &&
                       ((const VbInterface *) device)->parts.backend->type != 0;
        default:
                return false;
        }
}

char **vb_companion_swtpm(const char *program, const VbTpm *tpm, int fd, int state_fd, int key_fd)
{
        GPtrArray *args = g_ptr_array_new();

        add(args, "%s", program);
        add(args, "socket");
        add(args, "--ctrl");
        add(args, "type=unixio,clientfd=%d", fd);
        add(args, "--tpmstate");
        add(args, "dir=/proc/self/fd/%d,mode=0600", state_fd);
        if (key_fd >= 0) {
                add(args, "--key");
                add(args, "pwdfd=%d,mode=aes-256-cbc", key_fd);
        }
        if (tpm->version == VB_TPM_2_0)
                add(args, "--tpm2");
        add(args, "--terminate");
        return finish(args);
}

bool vb_companion_check_tpm(const VbTpm *tpm, GError **error)
{
        for (guint i = 0; i < VB_TPM_PCR_BANKS; i++)
                if (tpm->pcr_banks[i])
                        return vb_error_set(
                                error, VB_ERROR_UNSUPPORTED,
                                "%s: <active_pcr_banks>: TPMs are started with the banks that swtpm "
                                "gives them; leave it out, and choose banks in the guest",
                                tpm->base.alias);
        return true;
}

static void append_range(GString *spec, const VbPortRange *range)
{
        uint64_t start = range->start.value, end = range->end.given ? range->end.value : start;

        if (range->exclude == VB_TRISTATE_ON)
                g_string_append_c(spec, '~');
        g_string_append_printf(spec, "%" G_GUINT64_FORMAT, start);
        if (range->end.given)
                g_string_append_printf(spec, "-%" G_GUINT64_FORMAT, end);
        if (!range->to.given)
                return;
        g_string_append_printf(spec, ":%" G_GUINT64_FORMAT, range->to.value);
        if (range->end.given)
                g_string_append_printf(spec, "-%" G_GUINT64_FORMAT, range->to.value + (end - start));
}

/* ADDRESS%DEVICE/PORTS, as much of it as there is. */
static void add_forward(GPtrArray *args, const VbPortForward *forward)
{
        g_autoptr(GString) spec = g_string_new(forward->address);

        if (forward->dev)
                g_string_append_printf(spec, "%%%s", forward->dev);
        if (spec->len > 0)
                g_string_append_c(spec, '/');
        if (vb_list_length(forward->ranges) == 0)
                g_string_append(spec, "all");
        for (guint i = 0; i < vb_list_length(forward->ranges); i++) {
                if (i > 0)
                        g_string_append_c(spec, ',');
                append_range(spec, g_ptr_array_index(forward->ranges, i));
        }
        add(args, forward->protocol == VB_PORT_FORWARD_UDP ? "--udp-ports" : "--tcp-ports");
        add(args, "%s", spec->str);
}

char **vb_companion_passt(const char *program, const VbInterface *interface, int fd)
{
        const VbInterfaceBackend *backend = interface->parts.backend;
        GPtrArray *args = g_ptr_array_new();

        add(args, "%s", program);
        add(args, "--foreground");
        add(args, "--fd");
        add(args, "%d", fd);
        if (backend && backend->log_file) {
                add(args, "--log-file");
                add(args, "%s", backend->log_file);
        } else {
                add(args, "--quiet");
                add(args, "--stderr");
        }
        if (interface->source.dev) {
                add(args, "--interface");
                add(args, "%s", interface->source.dev);
        }
        for (guint i = 0; i < vb_list_length(interface->parts.ips); i++) {
                const VbInterfaceIp *ip = g_ptr_array_index(interface->parts.ips, i);

                add(args, "--address");
                add(args, "%s", ip->address);
                if (ip->prefix.given && ip->family == VB_IPV4) {
                        add(args, "--netmask");
                        add(args, "%u", (unsigned) ip->prefix.value);
                }
        }
        for (guint i = 0; i < vb_list_length(interface->parts.forwards); i++)
                add_forward(args, g_ptr_array_index(interface->parts.forwards, i));
        return finish(args);
}

static void append_switch(GString *options, const char *name, VbTristate value)
{
        if (value != VB_TRISTATE_UNSET)
                g_string_append_printf(options, ",%s%s", value == VB_TRISTATE_ON ? "" : "no_", name);
}

/* The options are parsed at commas that have no backslash before them. */
static void append_path(GString *options, const char *path)
{
        for (; *path; path++) {
                if (*path == ',' || *path == '\\')
                        g_string_append_c(options, '\\');
                g_string_append_c(options, *path);
        }
}

char **vb_companion_virtiofsd(const char *program, const VbFilesystem *filesystem, int fd)
{
        const VbFilesystemBinary *binary = filesystem->binary;
        g_autoptr(GString) options = g_string_new("source=");
        GPtrArray *args = g_ptr_array_new();

        append_path(options, filesystem->dir);
        if (binary && binary->cache)
                g_string_append_printf(options, ",cache=%s", vb_filesystem_cache_words[binary->cache->word]);
        if (binary && binary->sandbox)
                g_string_append_printf(options, ",sandbox=%s",
                                       vb_filesystem_sandbox_words[binary->sandbox->word]);
        if (binary)
                append_switch(options, "xattr", binary->xattr);
        if (binary && binary->lock) {
                append_switch(options, "flock", binary->lock->flock);
                append_switch(options, "posix_lock", binary->lock->posix);
        }
        add(args, "%s", program);
        add(args, "--fd=%d", fd);
        add(args, "-f");
        add(args, "-o");
        add(args, "%s", options->str);
        if (binary && binary->thread_pool)
                add(args, "--thread-pool-size=%u", (unsigned) binary->thread_pool->size.value);
        return finish(args);
}
