/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The key under which answers are remembered. Everything in it is something that, changed, has made the same
 * path answer differently: a package upgrade (size, time, inode, build id), a module package that comes or
 * goes (the module directories), another kernel, processor, microcode or /dev/kvm (what can be accelerated),
 * another release of this service (what is asked). */
#include "qemu/facts-stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "conf/capabilities.h"
#include "config.h"
#include "host/build-id.h"
#include "host/trusted-path.h"
#include "qemu/json.h"
#include "util/error.h"
#include "util/fd.h"

/* Goes up with every change of what is asked or kept. */
#define FORMAT 5

#define KVM_NODE "/dev/kvm"
#define CPUINFO_MAX (64 * 1024)

/* Where QEMU's modules are, relative to the directory above the binary's, and where distributions put them:
 * such directories of libraries, and the one in each of them. */
static const char *const library_places[] = { "lib", "lib64", "lib/*-linux-*" };
#define MODULE_DIRECTORY "qemu"

/* A file that is looked at, or that was not there. */
typedef struct {
        char *path;
        bool is_there;
        struct stat st;
} Watch;

struct VbFactsStamp {
        gint refs;
        char *path;
        Watch binary;
        char *build_id;
        GArray *modules; /* Watch */
        Watch kvm;
};

static void watch_clear(void *data)
{
        g_free(((Watch *) data)->path);
}

static void watch_set(Watch *watch, const char *path)
{
        watch->path = g_strdup(path);
        watch->is_there = stat(path, &watch->st) == 0;
}

static uint64_t mtime_nsec(const struct stat *st)
{
        return (uint64_t) st->st_mtim.tv_sec * 1000000000 + (uint64_t) st->st_mtim.tv_nsec;
}

/* The times of a node tell that it is used, and not what it is: KVM tells udev of each guest that comes and
 * goes, and udev touches the node whenever it hears of it. */
static bool stat_equal(const struct stat *a, const struct stat *b)
{
        bool is_node = S_ISCHR(a->st_mode);

        return a->st_mode == b->st_mode && a->st_rdev == b->st_rdev && a->st_uid == b->st_uid &&
               (is_node || (a->st_size == b->st_size && mtime_nsec(a) == mtime_nsec(b) &&
                            a->st_ino == b->st_ino && a->st_dev == b->st_dev));
}

static bool watch_equal(const Watch *a, const Watch *b)
{
        return a->is_there == b->is_there && g_str_equal(a->path, b->path) &&
               (!a->is_there || stat_equal(&a->st, &b->st));
}

static bool watch_is_current(const Watch *watch)
{
        struct stat st;

        if (stat(watch->path, &st) < 0)
                return !watch->is_there;
        return watch->is_there && stat_equal(&st, &watch->st);
}

/* One that is not there yet comes with the first package of modules. */
static void add_modules(VbFactsStamp *stamp, const char *prefix)
{
        for (gsize i = 0; i < G_N_ELEMENTS(library_places); i++) {
                g_autofree char *pattern = g_build_filename(prefix, library_places[i], NULL);
                glob_t found = { 0 };

                if (glob(pattern, GLOB_NOMAGIC, NULL, &found) == 0)
                        for (gsize f = 0; f < found.gl_pathc; f++) {
                                g_autofree char *path =
                                        g_build_filename(found.gl_pathv[f], MODULE_DIRECTORY, NULL);
                                Watch watch = { 0 };

                                watch_set(&watch, path);
                                g_array_append_val(stamp->modules, watch);
                        }
                globfree(&found);
        }
}

/* The directory above that of the binary. Caller frees. */
static char *prefix_of(const char *path)
{
        g_autofree char *directory = g_path_get_dirname(path);

        return g_path_get_dirname(directory);
}

/* QEMU looks next to where it really is, whatever link it was started by; a binary in a place of its own may
 * still use the distribution's modules. */
static void find_modules(VbFactsStamp *stamp, const char *real_path)
{
        g_autofree char *named = prefix_of(stamp->path), *real = prefix_of(real_path);
        const char *const prefixes[] = { "/usr", named, real };

        for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
                bool known = g_str_equal(prefixes[i], "/");

                for (gsize j = 0; j < i; j++)
                        known = known || g_str_equal(prefixes[i], prefixes[j]);
                if (!known)
                        add_modules(stamp, prefixes[i]);
        }
}

static VbFactsStamp *stamp_new(const char *path)
{
        VbFactsStamp *stamp = g_new0(VbFactsStamp, 1);

        stamp->refs = 1;
        stamp->path = g_strdup(path);
        stamp->modules = g_array_new(FALSE, FALSE, sizeof(Watch));
        g_array_set_clear_func(stamp->modules, watch_clear);
        return stamp;
}

VbFactsStamp *vb_facts_stamp_take(const char *path, bool *ret_trusted, GError **error)
{
        g_autoptr(VbFactsStamp) stamp = stamp_new(path);
        g_autofree char *self = NULL, *real = NULL;
        vb_autoclose int place = -1, fd = -1;
        bool trusted = false;

        place = g_path_is_absolute(path) ? vb_trusted_path_open(path, &trusted) : -EINVAL;
        if (place == -EINVAL)
                vb_error_set(error, VB_ERROR_NO_EMULATOR, "The emulator '%s' is not an absolute path", path);
        else if (place < 0 && place != -EISDIR)
                vb_error_set_errno(error, VB_ERROR_NO_EMULATOR, -place, "The emulator %s", path);
        else if (place < 0 || fstat(place, &stamp->binary.st) < 0 || !S_ISREG(stamp->binary.st.st_mode))
                vb_error_set(error, VB_ERROR_NO_EMULATOR, "The emulator %s is not a file", path);
        else if (!(stamp->binary.st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
                vb_error_set_errno(error, VB_ERROR_NO_EMULATOR, EACCES, "The emulator %s is no program",
                                   path);
        else
                stamp->binary.is_there = true;
        if (!stamp->binary.is_there)
                return NULL;
        stamp->binary.path = g_strdup(path);
        self = g_strdup_printf("/proc/self/fd/%d", place);
        fd = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        stamp->build_id = fd < 0 ? g_strdup("") : vb_build_id_read(fd);
        real = g_file_read_link(self, NULL);
        find_modules(stamp, real ? real : path);
        watch_set(&stamp->kvm, KVM_NODE);
        *ret_trusted = trusted;
        return g_steal_pointer(&stamp);
}

/* The build id; the binary; the directories of modules. Of a file: its path, and its inode, empty if it is
 * not there. */
#define WATCH_TYPE "(^ay@ay)"
#define STAMP_TYPE "(aya(ayay))"
#define BUILD_ID_MAX 256
#define MODULES_MAX 64

static GVariant *pack_watch(const Watch *watch)
{
        return g_variant_new(WATCH_TYPE, watch->path,
                             g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, &watch->st,
                                                       watch->is_there ? sizeof(watch->st) : 0, 1));
}

GBytes *vb_facts_stamp_to_bytes(const VbFactsStamp *stamp)
{
        g_autoptr(GVariant) packed = NULL;
        GVariantBuilder files;

        g_variant_builder_init(&files, G_VARIANT_TYPE("a(ayay)"));
        g_variant_builder_add_value(&files, pack_watch(&stamp->binary));
        for (guint i = 0; i < stamp->modules->len; i++)
                g_variant_builder_add_value(&files, pack_watch(&g_array_index(stamp->modules, Watch, i)));
        packed = g_variant_ref_sink(g_variant_new("(^aya(ayay))", stamp->build_id, &files));
        return g_variant_get_data_as_bytes(packed);
}

static bool unpack_watch(GVariant *files, gsize i, Watch *ret)
{
        g_autoptr(GVariant) file = g_variant_get_child_value(files, i);
        g_autoptr(GVariant) path = g_variant_get_child_value(file, 0),
                            inode = g_variant_get_child_value(file, 1);
        gsize size = 0;
        const void *st = g_variant_get_fixed_array(inode, &size, 1);

        if (size != 0 && size != sizeof(ret->st))
                return false;
        ret->path = g_strdup(g_variant_get_bytestring(path));
        ret->is_there = size > 0;
        if (ret->is_there)
                memcpy(&ret->st, st, sizeof(ret->st));
        return true;
}

static bool is_build_id(const char *text)
{
        return strlen(text) <= BUILD_ID_MAX && strspn(text, "0123456789abcdef") == strlen(text);
}

VbFactsStamp *vb_facts_stamp_from_bytes(const char *path, GBytes *bytes)
{
        g_autoptr(GVariant) packed =
                g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(STAMP_TYPE), bytes, FALSE));
        g_autoptr(GVariant) build_id = NULL, files = NULL;
        g_autoptr(VbFactsStamp) stamp = NULL;
        gsize n;

        if (!g_variant_is_normal_form(packed))
                return NULL;
        build_id = g_variant_get_child_value(packed, 0);
        files = g_variant_get_child_value(packed, 1);
        n = g_variant_n_children(files);
        if (!is_build_id(g_variant_get_bytestring(build_id)) || n == 0 || n > MODULES_MAX)
                return NULL;
        stamp = stamp_new(path);
        stamp->build_id = g_strdup(g_variant_get_bytestring(build_id));
        for (gsize i = 0; i < n; i++) {
                Watch watch = { 0 };

                if (!unpack_watch(files, i, &watch))
                        return NULL;
                if (i == 0)
                        stamp->binary = watch;
                else
                        g_array_append_val(stamp->modules, watch);
        }
        if (!stamp->binary.is_there || !g_str_equal(stamp->binary.path, path))
                return NULL;
        watch_set(&stamp->kvm, KVM_NODE);
        return g_steal_pointer(&stamp);
}

VbFactsStamp *vb_facts_stamp_ref(VbFactsStamp *stamp)
{
        g_atomic_int_inc(&stamp->refs);
        return stamp;
}

void vb_facts_stamp_unref(VbFactsStamp *stamp)
{
        if (!stamp || !g_atomic_int_dec_and_test(&stamp->refs))
                return;
        watch_clear(&stamp->binary);
        watch_clear(&stamp->kvm);
        g_array_unref(stamp->modules);
        g_free(stamp->build_id);
        g_free(stamp->path);
        g_free(stamp);
}

bool vb_facts_stamp_is_current(const VbFactsStamp *stamp)
{
        bool same = watch_is_current(&stamp->binary) && watch_is_current(&stamp->kvm);

        for (guint i = 0; i < stamp->modules->len; i++)
                same = same && watch_is_current(&g_array_index(stamp->modules, Watch, i));
        return same;
}

bool vb_facts_stamp_equal(const VbFactsStamp *a, const VbFactsStamp *b)
{
        bool same = watch_equal(&a->binary, &b->binary) && watch_equal(&a->kvm, &b->kvm) &&
                    g_str_equal(a->build_id, b->build_id) && a->modules->len == b->modules->len;

        for (guint i = 0; same && i < a->modules->len; i++)
                same = watch_equal(&g_array_index(a->modules, Watch, i),
                                   &g_array_index(b->modules, Watch, i));
        return same;
}

/* The lines of /proc/cpuinfo that say what a processor is and can do, in the words of all architectures. */
static bool is_of_the_model(const char *line)
{
        static const char *const words[] = {
                "vendor_id",
                "cpu family",
                "model",
                "stepping",
                "microcode",
                "flags",
                "CPU implementer",
                "CPU architecture",
                "CPU variant",
                "CPU part",
                "Features",
                "CPU revision",
                "cpu",
                "revision",
                "isa",
                "mmu",
                "uarch",
                "platform",
                "machine",
                "features",
                "facilities",
                "processor 0:",
        };
        gsize length = strcspn(line, ":");

        while (length > 0 && g_ascii_isspace(line[length - 1]))
                length--;
        for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
                if (g_str_has_prefix(line, words[i]) && (strlen(words[i]) == length || strchr(words[i], ':')))
                        return true;
        return false;
}

static char *digest_cpu(void)
{
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
        g_autofree char *text = g_malloc0(CPUINFO_MAX);
        vb_autoclose int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
        g_auto(GStrv) lines = NULL;
        gsize length = 0;
        ssize_t n = 0;

        while (fd >= 0 && length < CPUINFO_MAX - 1 &&
               (n = read(fd, text + length, CPUINFO_MAX - 1 - length)) > 0)
                length += (gsize) n;
        /* One processor's; the others say the same. */
        lines = g_strsplit(text, "\n", -1);
        for (gsize i = 0; lines[i] && (i == 0 || *lines[i]); i++)
                if (is_of_the_model(lines[i]))
                        g_checksum_update(sum, (const guchar *) lines[i], (gssize) strlen(lines[i]));
        return g_strndup(g_checksum_get_string(sum), 32);
}

static char *describe_modules(const VbFactsStamp *stamp)
{
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < stamp->modules->len; i++) {
                const Watch *watch = &g_array_index(stamp->modules, Watch, i);

                if (watch->is_there)
                        g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, text->len ? ", " : "",
                                               watch->path, mtime_nsec(&watch->st));
        }
        return g_string_free(text, FALSE);
}

static char *describe_kvm(const VbFactsStamp *stamp)
{
        const struct stat *st = &stamp->kvm.st;

        return stamp->kvm.is_there ? g_strdup_printf("%u:%u %o %u", major(st->st_rdev), minor(st->st_rdev),
                                                     (unsigned) st->st_mode, (unsigned) st->st_uid)
                                   : g_strdup("none");
}

/* The device number is left out, it is not the same after every boot. */
json_object *vb_facts_stamp_to_json(const VbFactsStamp *stamp)
{
        g_autofree char *modules = describe_modules(stamp), *kvm = describe_kvm(stamp), *cpu = digest_cpu();
        struct utsname kernel = { 0 };
        json_object *key = json_object_new_object();
        /* clang-format off */
        const struct {
                const char *name;
                uint64_t value;
        } numbers[] = {
                { "format", FORMAT },
                { "questions", vb_capabilities_digest() },
                { "size", (uint64_t) stamp->binary.st.st_size },
                { "mtime-nsec", mtime_nsec(&stamp->binary.st) },
                { "inode", stamp->binary.st.st_ino },
        };
        const struct {
                const char *name, *value;
        } texts[] = {
                { "version", VB_VERSION },
                { "path", stamp->path },
                { "build-id", stamp->build_id },
                { "modules", modules },
                { "kernel", uname(&kernel) == 0 ? kernel.release : "" },
                { "cpu", cpu },
                { "kvm", kvm },
        };
        /* clang-format on */

        for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
                vb_json_set_uint(key, numbers[i].name, numbers[i].value);
        for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
                vb_json_set_string(key, texts[i].name, texts[i].value);
        return key;
}
