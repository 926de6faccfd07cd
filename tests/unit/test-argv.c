/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines: of each definition in data/argv/ the expectation file beside it, one argument a line, and
 * that the real QEMU takes what was built, with made-up images in place of those that the definition names.
 * VIRTBUS_REGENERATE=1 writes the expectation files anew. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/audio.h"
#include "conf/complete.h"
#include "conf/disk.h"
#include "conf/domain-def.h"
#include "conf/graphics.h"
#include "conf/serial.h"
#include "host/spawn.h"
#include "qemu/argv.h"
#include "qemu/monitor.h"
#include "qemu/probe.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/json.h"

#define SOCKETS_DIR "/run/virtbus/domains/1/sockets"
#define SECOND G_USEC_PER_SEC
#define KERNEL_SIZE 65536

static sd_event *event;
static VbProber *prober;
static char *directory; /* for whatever a test makes */

/* A completed definition and what it was completed with. */
typedef struct {
        VbDomainDef *def;
        VbEmulatorFacts *emulator;
        VbMachineFacts *machine;
} Guest;

static void on_probed(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error, void *userdata)
{
        Guest *guest = userdata;

        g_assert_no_error(error);
        guest->emulator = vb_emulator_facts_ref(emulator);
        guest->machine = vb_machine_facts_ref(machine);
}

static void guest_clear(Guest *guest)
{
        vb_domain_def_free(guest->def);
        vb_emulator_facts_unref(guest->emulator);
        vb_machine_facts_unref(guest->machine);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Guest, guest_clear)

static void guest_init(Guest *guest, const char *xml)
{
        g_autoptr(GError) error = NULL;

        guest->def = vb_domain_def_parse(xml, strlen(xml), &error);
        g_assert_no_error(error);
        vb_prober_query(prober, guest->def->os.arch, guest->def->emulator, guest->def->os.machine, on_probed,
                        guest);
        while (!guest->machine)
                g_assert_cmpint(sd_event_run(event, (uint64_t) -1), >=, 0);
        vb_domain_def_complete(guest->def, guest->emulator, guest->machine, &error);
        g_assert_no_error(error);
}

static void guest_init_from_file(Guest *guest, const char *name)
{
        g_autofree char *file = g_strconcat(name, ".xml", NULL);
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "argv", file, NULL);
        g_autofree char *xml = NULL;
        g_autoptr(GError) error = NULL;

        g_file_get_contents(path, &xml, NULL, &error);
        g_assert_no_error(error);
        guest_init(guest, xml);
}

static char **build(const Guest *guest, int monitor_fd, const char *sockets_dir, GError **error)
{
        return vb_argv_build(guest->def,
                             &(VbArgvContext){ .monitor_fd = monitor_fd,
                                               .sockets_dir = sockets_dir,
                                               .emulator = guest->emulator,
                                               .machine = guest->machine },
                             error);
}

/* One argument a line; a line break inside one is shown. */
static char *argv_to_text(char **argv)
{
        GString *text = g_string_new(NULL);

        for (char **arg = argv; *arg; arg++) {
                g_autoptr(GString) line = g_string_new(*arg);

                g_string_replace(line, "\n", "\\n", 0);
                g_string_append_printf(text, "%s\n", line->str);
        }
        return g_string_free(text, FALSE);
}

static void compare_with_file(const char *name, const char *text)
{
        g_autofree char *file = g_strconcat(name, ".argv", NULL);
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "argv", file, NULL);
        g_autofree char *expected = NULL;
        g_autoptr(GError) error = NULL;

        if (g_getenv("VIRTBUS_REGENERATE")) {
                g_file_set_contents(path, text, -1, &error);
                g_assert_no_error(error);
        }
        g_file_get_contents(path, &expected, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, expected);
}

static void test_file(const void *data)
{
        const char *name = data;
        g_auto(Guest) guest = { 0 };
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) argv = NULL;
        g_autofree char *text = NULL;

        guest_init_from_file(&guest, name);
        argv = build(&guest, -1, SOCKETS_DIR, &error);
        g_assert_no_error(error);
        text = argv_to_text(argv);
        compare_with_file(name, text);
}

/* -- the real QEMU takes it -- */

static char *made_up_path(const char *path)
{
        g_autofree char *base = g_path_get_basename(path);

        return g_build_filename(directory, base, NULL);
}

static void replace_path(char **path)
{
        if (*path) {
                char *made_up = made_up_path(*path);

                g_free(*path);
                *path = made_up;
        }
}

static void make_image(const VbStorage *storage)
{
        const char *argv[] = { "/usr/bin/qemu-img", "create", "-q", "-f", vb_storage_format_words[storage->format],
                               "--", storage->source->path, "1M", NULL };
        g_autoptr(GError) error = NULL;
        int status = 0;

        g_spawn_sync("/", (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error);
        g_assert_no_error(error);
        g_assert_cmpint(status, ==, 0);
}

/* Enough of a bzImage for the loader: the boot protocol's version at 0x202 and after. */
static void make_kernel(const char *path)
{
        g_autofree char *kernel = g_malloc0(KERNEL_SIZE);

        kernel[0x1f1] = 4;
        memcpy(kernel + 0x1fe, "\x55\xaa", 2);
        memcpy(kernel + 0x202, "HdrS\x0c\x02", 6);
        kernel[0x211] = 1;
        memcpy(kernel + 0x22c, "\xff\xff\xff\x37", 4); /* how high an initrd may be */
        g_assert_true(g_file_set_contents(path, kernel, KERNEL_SIZE, NULL));
}

/* Ports may be somebody's, and there is neither a screen nor a GPU. */
static void make_up_graphics(VbGraphics *graphics)
{
        if (vb_graphics_is_display(graphics)) {
                graphics->type = VB_GRAPHICS_DBUS;
                graphics->gl = graphics->fullscreen = VB_TRISTATE_UNSET;
                g_clear_pointer(&graphics->rendernode, g_free);
        }
        for (uint32_t i = 0; i < graphics->n_listens; i++) {
                VbListen *listen = &graphics->listens[i];

                if (listen->type == VB_LISTEN_SOCKET) {
                        replace_path(&listen->value);
                } else {
                        g_clear_pointer(&listen->value, g_free);
                        listen->type = VB_LISTEN_NONE;
                        graphics->n_listens = 1;
                        graphics->websocket = 0;
                }
        }
}

static void make_up_audio(VbAudio *audio)
{
        if (audio->type != VB_AUDIO_SPICE && audio->type != VB_AUDIO_DBUS)
                audio->type = VB_AUDIO_NONE;
        for (int i = 0; i < 2; i++)
                audio->streams[i].given = false;
        g_clear_pointer(&audio->path, g_free);
        g_clear_pointer(&audio->server_name, g_free);
        audio->try_mmap = audio->exclusive = VB_TRISTATE_UNSET;
        audio->dsp_policy = -1;
}

static void make_up_host(VbDomainDef *def)
{
        replace_path(&def->os.kernel);
        replace_path(&def->os.initrd);
        if (def->os.kernel)
                make_kernel(def->os.kernel);
        if (def->os.initrd)
                g_assert_true(g_file_set_contents(def->os.initrd, "initrd", -1, NULL));
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->kind == VB_DEVICE_DISK) {
                        for (VbStorage *at = &((VbDisk *) device)->storage; at && at->source; at = at->backing) {
                                at->type = VB_STORAGE_FILE;
                                replace_path(&at->source->path);
                                make_image(at);
                        }
                } else if (device->kind == VB_DEVICE_SERIAL) {
                        replace_path(&((VbSerial *) device)->source.path);
                        ((VbSerial *) device)->source.listen = true;
                } else if (device->kind == VB_DEVICE_CONSOLE) {
                        replace_path(&((VbConsole *) device)->source.path);
                        ((VbConsole *) device)->source.listen = true;
                } else if (device->kind == VB_DEVICE_AUDIO) {
                        make_up_audio((VbAudio *) device);
                } else if (device->kind == VB_DEVICE_GRAPHICS) {
                        make_up_graphics((VbGraphics *) device);
                }
        }
}

typedef struct {
        VbMonitor *monitor;
        bool ready;
        char *ended;         /* why */
        json_object *result; /* of the last command */
        bool answered;
} Talk;

static void on_ready(VbMonitor *monitor, void *userdata)
{
        ((Talk *) userdata)->ready = true;
}

static void on_event(VbMonitor *monitor, const char *name, json_object *data, uint64_t usec, void *userdata)
{
}

static void on_closed(VbMonitor *monitor, const GError *error, void *userdata)
{
        ((Talk *) userdata)->ended = g_strdup(error->message);
}

static const VbMonitorHandler handler = { .ready = on_ready, .event = on_event, .closed = on_closed };

static void on_reply(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Talk *talk = userdata;

        g_assert_no_error(error);
        talk->result = json_object_get(result);
        talk->answered = true;
}

/* Caller puts the result. */
static json_object *talk_ask(Talk *talk, const char *command, const char *path, const char *property)
{
        json_object *arguments = NULL;

        if (path) {
                arguments = json_object_new_object();
                json_object_object_add(arguments, "path", json_object_new_string(path));
        }
        if (property)
                json_object_object_add(arguments, "property", json_object_new_string(property));
        talk->answered = false;
        vb_monitor_execute(talk->monitor, command, arguments, 20 * SECOND, on_reply, talk);
        while (!talk->answered)
                g_assert_cmpint(sd_event_run(event, (uint64_t) -1), >=, 0);
        return talk->result;
}

static int listen_at(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
        g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        g_assert_cmpint(listen(fd, 1), ==, 0);
        return fd;
}

static int connect_to(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
        g_assert_cmpint(connect(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        g_assert_cmpint(fcntl(fd, F_SETFL, O_NONBLOCK), ==, 0);
        return fd;
}

static void check_string(Talk *talk, const char *property, const char *expected)
{
        g_autoptr(json_object) value = talk_ask(talk, "qom-get", "/machine", property);

        g_assert_cmpstr(json_object_get_string(value), ==, expected ? expected : "");
}

/* Every device under its alias, with the type that vb_device_driver() says, and every text as it was meant.
 */
static void check_guest(Talk *talk, const Guest *guest, const char *sockets_dir)
{
        g_autoptr(json_object) name = talk_ask(talk, "query-name", NULL, NULL);
        const char *text = NULL;

        g_assert_true(vb_json_get_string(name, "name", &text));
        g_assert_cmpstr(text, ==, guest->def->name);
        check_string(talk, "kernel", guest->def->os.kernel);
        check_string(talk, "initrd", guest->def->os.kernel ? guest->def->os.initrd : NULL);
        check_string(talk, "append", guest->def->os.kernel ? guest->def->os.cmdline : NULL);
        for (guint i = 0; i < guest->def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(guest->def->devices, i);
                const char *driver = vb_device_driver(device);
                g_autofree char *socket_path = vb_argv_socket_path(device, sockets_dir);

                if (driver) {
                        g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", device->alias);
                        g_autoptr(json_object) type = talk_ask(talk, "qom-get", path, "type");

                        g_assert_cmpstr(json_object_get_string(type), ==, driver);
                }
                if (socket_path)
                        g_assert_true(g_file_test(socket_path, G_FILE_TEST_EXISTS));
        }
}

static void make_directory(void)
{
        directory = g_dir_make_tmp("va-XXXXXX", NULL);
}

static void remove_directory(void)
{
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        const char *name = NULL;

        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(directory, name, NULL);

                g_assert_cmpint(g_unlink(path), ==, 0);
        }
        g_assert_cmpint(g_rmdir(directory), ==, 0);
        g_clear_pointer(&directory, g_free);
}

static void load(const char *name)
{
        g_auto(Guest) guest = { 0 };
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) argv = NULL;
        g_autofree char *monitor_path = NULL, *log_path = NULL, *log = NULL;
        g_auto(GStrv) lines = NULL;
        vb_autoclose int listening = -1, log_fd = -1;
        VbChild child = { .pidfd = -1 };
        Talk talk = { 0 };

        guest_init_from_file(&guest, name);
        make_directory();
        make_up_host(guest.def);
        monitor_path = g_build_filename(directory, "qmp", NULL);
        log_path = g_build_filename(directory, "log", NULL);
        listening = listen_at(monitor_path);
        log_fd = open(log_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        argv = build(&guest, listening, directory, &error);
        g_assert_no_error(error);

        vb_spawn(&(VbSpawn){ .argv = (const char *const *) argv,
                             .keep_fds = (const int[]){ listening, -1 },
                             .stderr_fd = log_fd },
                 &child, &error);
        g_assert_no_error(error);
        talk.monitor = vb_monitor_new(event, connect_to(monitor_path), 0, &handler, &talk, &error);
        g_assert_no_error(error);
        /* Else the socket would outlive an emulator that does not start. */
        vb_clear_fd(&listening);
        while (!talk.ready && !talk.ended)
                g_assert_cmpint(sd_event_run(event, (uint64_t) -1), >=, 0);
        g_file_get_contents(log_path, &log, NULL, NULL);
        for (gchar **line = lines = g_strsplit(log, "\n", -1); *line; line++)
                if (**line && !strstr(*line, "char device redirected to /dev/pts/"))
                        g_error("QEMU says: %s", log);
        g_assert_true(talk.ready);
        check_guest(&talk, &guest, directory);

        vb_monitor_free(talk.monitor);
        vb_pidfd_send_signal(child.pidfd, SIGKILL);
        g_assert_cmpint(waitpid(child.pid, NULL, 0), ==, child.pid);
        close(child.pidfd);
        remove_directory();
}

static void test_load(const void *data)
{
        load(data);
}

/* -- single points -- */

static Guest *new_guest(Guest *guest, const char *devices)
{
        g_autofree char *xml =
                g_strdup_printf("<domain type='qemu'>\n<name>x</name>\n<memory>65536</memory>\n"
                                "<os><type arch='x86_64' machine='q35'>hvm</type></os>\n"
                                "<devices>\n%s\n</devices>\n</domain>",
                                devices);

        guest_init(guest, xml);
        return guest;
}

static void test_missing_device(void)
{
        g_auto(Guest) guest = { 0 };
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) argv = NULL;

        new_guest(&guest, "<memballoon model='none'/>\n<rng model='virtio'><backend model='builtin'/></rng>");
        vb_emulator_facts_unref(guest.emulator);
        guest.emulator = vb_emulator_facts_new();
        guest.emulator->path = g_strdup("/opt/small-qemu");
        vb_emulator_facts_add_word(guest.emulator, VB_FACT_DEVICE, "pcie-root-port");
        vb_emulator_facts_add_word(guest.emulator, VB_FACT_DEVICE, "qemu-xhci");
        vb_emulator_facts_add_word(guest.emulator, VB_FACT_DEVICE, "ich9-usb-ehci1");
        argv = build(&guest, -1, SOCKETS_DIR, &error);
        g_assert_null(argv);
        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, "/opt/small-qemu"));
}

/* An emulator that has all but what one option asks for by its type, or a property that it sets. */
static void test_demands(void)
{
        /* clang-format off */
        static const struct {
                const char *devices;
                VbFactKind kind;
                const char *word, *text;
        } rows[] = {
                { "<rng model='virtio'><backend model='builtin'/></rng>", VB_FACT_OBJECT, "rng-builtin",
                  "rng0 needs the object 'rng-builtin'" },
                { "<serial type='pty'/>", VB_FACT_CHARDEV, "chardev-pty", "serial0 needs the character device 'pty'" },
                { "<graphics type='vnc'/>", VB_FACT_OPTION, "vnc", "graphics0 needs the option '-vnc'" },
                { "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>",
                  VB_FACT_DEVICE_PROPERTY, "virtio-net-pci.mac",
                  "net0 needs the device property 'virtio-net-pci.mac'" },
        };
        /* clang-format on */

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_auto(Guest) guest = { 0 };
                g_autoptr(GError) error = NULL;
                g_auto(GStrv) argv = NULL;
                g_auto(GStrv) refused = NULL;

                new_guest(&guest, rows[i].devices);
                argv = build(&guest, -1, SOCKETS_DIR, &error);
                g_assert_no_error(error);
                g_assert_true(g_hash_table_remove(guest.emulator->words[rows[i].kind], rows[i].word));
                refused = build(&guest, -1, SOCKETS_DIR, &error);
                vb_emulator_facts_add_word(guest.emulator, rows[i].kind, rows[i].word);
                g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                if (!strstr(error->message, rows[i].text) || !strstr(error->message, guest.emulator->path))
                        g_error("no '%s' in: %s", rows[i].text, error->message);
        }
}

static void test_kvm(void)
{
        g_auto(Guest) guest = { 0 };
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) refused = NULL;
        g_auto(GStrv) argv = NULL;
        VbEmulatorFacts facts;

        new_guest(&guest, "");
        guest.def->virt_type = VB_VIRT_KVM;
        facts = *guest.emulator;
        for (int usable = 0; usable < 2; usable++) {
                VbArgvContext context = { .monitor_fd = -1,
                                          .sockets_dir = SOCKETS_DIR,
                                          .emulator = &facts,
                                          .machine = guest.machine };

                facts.kvm_present = usable;
                facts.kvm_problem = usable ? NULL : "for a reason";
                g_strfreev(argv);
                argv = vb_argv_build(guest.def, &context, &error);
                if (usable) {
                        g_assert_no_error(error);
                        g_assert_true(g_strv_contains((const char *const *) argv, "kvm"));
                } else {
                        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                        g_assert_nonnull(strstr(error->message, "for a reason"));
                        g_clear_error(&error);
                }
        }
}

static void test_socket_paths(void)
{
        g_auto(Guest) guest = { 0 };
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) argv = NULL;
        g_autofree char *long_dir = g_strnfill(100, 'd');
        g_autofree char *long_path = NULL;
        const VbDevice *serial = NULL;

        new_guest(&guest,
                  "<serial type='unix'/>\n<serial type='pty'/>\n<graphics type='vnc' socket='/tmp/v'/>");
        serial = vb_domain_def_find_device(guest.def, "serial0");
        for (gsize length = 1; length < 300; length++) {
                VbSerial copy = *(const VbSerial *) serial;
                g_autofree char *alias = g_strnfill(length, 'a'), *path = NULL;

                copy.base.alias = alias;
                path = vb_argv_socket_path(&copy.base, "/s");
                g_assert_true(g_str_has_prefix(path, "/s/"));
                g_assert_cmpuint(strlen(path), <=, 2 + 26);
        }
        for (guint i = 0; i < guest.def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(guest.def->devices, i);
                g_autofree char *path = vb_argv_socket_path(device, "/s");

                g_assert_cmpint(!!path, ==, device == serial);
        }
        argv = build(&guest, -1, long_dir, &error);
        g_assert_null(argv);
        g_assert_error(error, VB_ERROR, VB_ERROR_LIMITS_EXCEEDED);
        g_assert_nonnull(strstr(error->message, "serial0"));
}

/* Given devices of the kernel's that the service has opened, then QEMU is given the descriptors and not the paths. */
static void test_kernel_devices(void)
{
        static const char xml[] =
                "<domain type='qemu'><name>d</name><memory unit='MiB'>16</memory><os><type arch='x86_64' "
                "machine='pc'>hvm</type></os><devices><vsock><cid auto='no' address='7'/></vsock>"
                "<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface></devices></domain>";
        g_auto(Guest) guest = { 0 };
        g_autoptr(GPtrArray) links = g_ptr_array_new();
        int fds[] = { 70, 71 };
        VbArgvLink vsock = { .alias = (char *) "vsock0", .kind = VB_ARGV_LINK_KERNEL, .vhost_fds = &fds[0], .n_vhost = 1 };
        VbArgvLink card = { .alias = (char *) "net0", .kind = VB_ARGV_LINK_KERNEL, .vhost_fds = &fds[1], .n_vhost = 1 };
        VbArgvContext context = { .monitor_fd = -1, .sockets_dir = SOCKETS_DIR };
        g_auto(GStrv) dry = NULL, real = NULL;
        g_autofree char *dry_text = NULL, *real_text = NULL;

        guest_init(&guest, xml);
        context.emulator = guest.emulator;
        context.machine = guest.machine;
        dry = vb_argv_build(guest.def, &context, NULL);
        dry_text = argv_to_text(dry);
        g_assert_nonnull(strstr(dry_text, "vhost-vdpa,vhostdev=/dev/vhost-vdpa-0,id=hostnet0"));
        g_assert_null(strstr(dry_text, "vhostfd"));
        g_ptr_array_add(links, &vsock);
        g_ptr_array_add(links, &card);
        context.links = links;
        real = vb_argv_build(guest.def, &context, NULL);
        real_text = argv_to_text(real);
        g_assert_nonnull(strstr(real_text, "vhost-vdpa,vhostfd=71,id=hostnet0"));
        g_assert_nonnull(strstr(real_text, "\"vhostfd\":\"70\""));
        g_assert_null(strstr(real_text, "/dev/vhost"));
}

static void test_same_twice(const void *data)
{
        g_auto(Guest) guest = { 0 };
        g_auto(Guest) again = { 0 };
        g_auto(GStrv) first = NULL;
        g_auto(GStrv) second = NULL;
        g_autofree char *canonical = NULL, *first_text = NULL, *second_text = NULL;

        guest_init_from_file(&guest, data);
        canonical = vb_domain_def_format(guest.def);
        guest_init(&again, canonical);
        first = build(&guest, -1, SOCKETS_DIR, NULL);
        second = build(&again, -1, SOCKETS_DIR, NULL);
        first_text = argv_to_text(first);
        second_text = argv_to_text(second);
        g_assert_cmpstr(first_text, ==, second_text);
}

/* Files named host-* need what not every host has: taps, terminals, certificates, somebody who listens. */
static bool needs_nothing(const char *name)
{
        return !g_str_has_prefix(name, "host-");
}

static void add_files(const char *prefix, GTestDataFunc run, bool (*wanted)(const char *name))
{
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "argv", NULL);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *file = NULL;

        g_assert_nonnull(dir);
        while ((file = g_dir_read_name(dir))) {
                g_autofree char *name = g_strndup(file, strcspn(file, "."));
                g_autofree char *test = g_strconcat(prefix, name, NULL);

                if (g_str_has_suffix(file, ".xml") && (!wanted || wanted(name)))
                        g_test_add_data_func_full(test, g_steal_pointer(&name), run, g_free);
        }
}

int main(int argc, char **argv)
{
        g_autofree char *cache = NULL;
        int result = 0;

        g_test_init(&argc, &argv, NULL);
        signal(SIGPIPE, SIG_IGN);
        g_assert_cmpint(sd_event_new(&event), >=, 0);
        /* No cache: what is probed is the emulator that is installed now. */
        prober = vb_prober_new(event, NULL);
        add_files("/argv/file/", test_file, NULL);
        add_files("/argv/load/", test_load, needs_nothing);
        add_files("/argv/same-twice/", test_same_twice, NULL);
        g_test_add_func("/argv/missing-device", test_missing_device);
        g_test_add_func("/argv/demands", test_demands);
        g_test_add_func("/argv/kvm", test_kvm);
        g_test_add_func("/argv/kernel-devices", test_kernel_devices);
        g_test_add_func("/argv/socket-paths", test_socket_paths);
        result = g_test_run();
        vb_prober_free(prober);
        sd_event_unref(event);
        return result;
}
