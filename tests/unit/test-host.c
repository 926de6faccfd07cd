/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rooms and durable files, in temporary directories. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/copy.h"
#include "host/device-node.h"
#include "host/durable.h"
#include "host/private.h"
#include "host/pty.h"
#include "host/room-log.h"
#include "host/room.h"
#include "host/scsi-generic.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct {
        char *directory;
        GMainLoop *loop;
        GError *error;
} Fixture;

static void set_up(Fixture *self, gconstpointer data)
{
        g_autofree char *domains = NULL;

        self->directory = g_dir_make_tmp("virtbus-test-XXXXXX", NULL);
        domains = g_build_filename(self->directory, "domains", NULL);
        g_assert_cmpint(g_mkdir(domains, 0755), ==, 0);
        self->loop = g_main_loop_new(NULL, FALSE);
}

static void remove_tree(const char *path)
{
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *child = g_build_filename(path, name, NULL);

                remove_tree(child);
        }
        g_remove(path);
}

static void tear_down(Fixture *self, gconstpointer data)
{
        /* With what is mounted there. */
        vb_room_remove(vb_room_open(self->directory, 7, NULL));
        remove_tree(self->directory);
        g_free(self->directory);
        g_main_loop_unref(self->loop);
        g_clear_error(&self->error);
}

static void on_done(const GError *error, void *userdata)
{
        Fixture *self = userdata;

        self->error = error ? g_error_copy(error) : NULL;
        g_main_loop_quit(self->loop);
}

static char *read_below(Fixture *self, const char *a, const char *b)
{
        g_autofree char *path = g_build_filename(self->directory, a, b, NULL);
        char *text = NULL;

        (void) g_file_get_contents(path, &text, NULL, NULL);
        return text;
}

static void test_room_is_made_and_gone(Fixture *self, gconstpointer data)
{
        g_autoptr(VbRoom) room = vb_room_create(self->directory, 7, NULL, NULL);
        g_autofree char *path = g_build_filename(self->directory, "domains", "7", NULL);
        g_autofree char *sockets = g_build_filename(path, "sockets", NULL);
        g_autofree char *deep = NULL;
        g_autoptr(GString) below = g_string_new(sockets);
        struct stat st;

        for (int i = 0; i < 200; i++)
                g_string_append(below, "/d");
        deep = g_string_free(g_steal_pointer(&below), FALSE);

        g_assert_nonnull(room);
        g_assert_cmpstr(vb_room_path(room), ==, path);
        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 0777, ==, 0711);
        g_assert_cmpint(stat(sockets, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 0777, ==, 0700);
        g_assert_cmpint(g_mkdir_with_parents(deep, 0700), ==, 0);
        vb_room_remove(g_steal_pointer(&room));
        g_assert_cmpint(stat(path, &st), <, 0);
}

static void test_room_is_not_made_twice(Fixture *self, gconstpointer data)
{
        g_autoptr(VbRoom) room = vb_room_create(self->directory, 7, NULL, NULL);
        g_autoptr(GError) error = NULL;

        g_assert_nonnull(room);
        g_assert_null(vb_room_create(self->directory, 7, NULL, &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_STORAGE);
}

/* Another user's room is his, is limited, and is cleared away by another run of the service. */
static void test_room_of_another_user(Fixture *self, gconstpointer data)
{
        g_autoptr(VbIdentity) identity = vb_identity_new(4321, 4322);
        g_autoptr(VbRoom) room = NULL;
        g_autofree char *path = g_build_filename(self->directory, "domains", "7", NULL);
        g_autofree char *sockets = g_build_filename(path, "sockets", NULL);
        g_autofree char *file = g_build_filename(sockets, "file", NULL);
        g_autofree char *content = g_strnfill(1 << 20, 'x');
        struct stat outer, st;

        if (geteuid() != 0) {
                g_test_skip("only root gives rooms to others");
                return;
        }
        room = vb_room_create(self->directory, 7, identity, NULL);
        g_assert_nonnull(room);
        g_assert_cmpint(stat(path, &outer), ==, 0);
        g_assert_cmpuint(outer.st_uid, ==, 0);
        g_assert_cmpint(stat(sockets, &st), ==, 0);
        g_assert_cmpuint(st.st_uid, ==, 4321);
        g_assert_cmpuint(st.st_gid, ==, 4322);
        g_assert_cmpint(st.st_mode & 07777, ==, 0700);
        if (st.st_dev != outer.st_dev) {
                g_assert_false(g_file_set_contents(file, content, 1 << 20, NULL));
                for (int i = 0; i < 2000; i++) {
                        g_autofree char *name = g_strdup_printf("%s-%d", file, i);
                        vb_autoclose int fd = open(name, O_CREAT | O_WRONLY, 0600);

                        if (fd < 0) {
                                g_assert_cmpint(errno, ==, ENOSPC);
                                break;
                        }
                        g_assert_cmpint(i, <, 1100);
                }
        }
        g_clear_pointer(&room, vb_room_free);
        vb_room_remove(vb_room_open(self->directory, 7, NULL));
        g_assert_cmpint(stat(path, &st), <, 0);
}

static void test_removal_follows_no_link(Fixture *self, gconstpointer data)
{
        g_autoptr(VbRoom) room = vb_room_create(self->directory, 7, NULL, NULL);
        g_autofree char *outside = g_build_filename(self->directory, "outside", NULL);
        g_autofree char *file = g_build_filename(outside, "file", NULL);
        g_autofree char *link = g_build_filename(vb_room_sockets_path(room), "link", NULL);

        g_assert_cmpint(g_mkdir(outside, 0755), ==, 0);
        g_assert_true(g_file_set_contents(file, "x", 1, NULL));
        g_assert_cmpint(symlink(outside, link), ==, 0);
        vb_room_remove(g_steal_pointer(&room));
        g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
}

static void test_monitor_can_be_reached(Fixture *self, gconstpointer data)
{
        g_autoptr(VbRoom) room = vb_room_create(self->directory, 7, NULL, NULL);
        vb_autoclose int listening = vb_room_listen_monitor(room, NULL);
        vb_autoclose int connected = vb_room_connect_monitor(room, NULL);
        vb_autoclose int accepted = accept(listening, NULL, NULL);
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(accepted, >=, 0);
        g_assert_cmpint(connected, >=, 0);
        g_assert_cmpint(vb_room_connect_socket(room, "nothing", getpid(), &error), <, 0);
        g_assert_error(error, VB_ERROR, VB_ERROR_MONITOR);
}

static void test_room_is_found_again(Fixture *self, gconstpointer data)
{
        g_autoptr(VbRoom) room = vb_room_create(self->directory, 7, NULL, NULL), again = NULL;
        g_autoptr(GArray) ids = NULL;
        g_autofree char *text = NULL, *none = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(vb_room_write(room, VB_ROOM_STATUS, "{}", NULL));
        ids = vb_room_list(self->directory);
        g_assert_cmpuint(ids->len, ==, 1);
        g_assert_cmpuint(g_array_index(ids, uint32_t, 0), ==, 7);
        again = vb_room_open(self->directory, 7, NULL);
        text = vb_room_read(again, VB_ROOM_STATUS, 100, NULL);
        g_assert_cmpstr(text, ==, "{}");
        none = vb_room_read(again, VB_ROOM_STATUS, 1, &error);
        g_assert_null(none);
        g_assert_error(error, VB_ERROR, VB_ERROR_STORAGE);
}

static void test_log_tail_is_clean(Fixture *self, gconstpointer data)
{
        g_autoptr(VbRoom) room = vb_room_create(self->directory, 7, NULL, NULL);
        g_autofree char *path = g_build_filename(vb_room_path(room), "emulator.log", NULL);
        vb_autoclose int log = open(path, O_WRONLY | O_CREAT, 0600);
        g_autofree char *empty = vb_room_log_tail(room), *tail = NULL;

        g_assert_cmpstr(empty, ==, "");
        for (int i = 0; i < 1000; i++)
                g_assert_cmpint(write(log, "a line of some length\n", 22), ==, 22);
        g_assert_cmpint(write(log, "\033[31m\xff\0 last\n", 13), ==, 13);
        tail = vb_room_log_tail(room);
        g_assert_cmpuint(strlen(tail), <, 2100);
        g_assert_true(g_str_has_prefix(tail, "a line"));
        g_assert_true(g_str_has_suffix(tail, "last"));
        g_assert_null(strchr(tail, '\033'));
        g_assert_true(g_utf8_validate(tail, -1, NULL));
}

static void test_durable_files_appear(Fixture *self, gconstpointer data)
{
        g_autofree char *directory = g_build_filename(self->directory, "new", NULL);
        VbDurableJob *job = vb_durable_job_new(directory);
        g_autofree char *a = NULL, *b = NULL;
        g_autoptr(GDir) dir = NULL;
        unsigned n = 0;

        vb_durable_job_write(job, "a", g_strdup("one"));
        vb_durable_job_write(job, "b", g_strdup("two"));
        vb_durable_job_run(job, on_done, self);
        g_main_loop_run(self->loop);
        g_assert_no_error(self->error);
        a = read_below(self, "new", "a");
        b = read_below(self, "new", "b");
        g_assert_cmpstr(a, ==, "one");
        g_assert_cmpstr(b, ==, "two");
        dir = g_dir_open(directory, 0, NULL);
        while (g_dir_read_name(dir))
                n++;
        g_assert_cmpuint(n, ==, 2);
}

static void test_failed_write_leaves_nothing(Fixture *self, gconstpointer data)
{
        g_autofree char *directory = g_build_filename(self->directory, "new", NULL);
        VbDurableJob *job = vb_durable_job_new(directory);

        vb_durable_job_write(job, "a", g_strdup("one"));
        vb_durable_job_write(job, "no/such/place", g_strdup("two"));
        vb_durable_job_run(job, on_done, self);
        g_main_loop_run(self->loop);
        g_assert_error(self->error, VB_ERROR, VB_ERROR_STORAGE);
        g_assert_false(g_file_test(directory, G_FILE_TEST_EXISTS));
}

static void test_failed_rewrite_keeps_the_old(Fixture *self, gconstpointer data)
{
        g_autofree char *directory = g_build_filename(self->directory, "kept", NULL);
        g_autofree char *obstacle = g_build_filename(directory, "b", "x", NULL);
        g_autofree char *a = NULL;
        VbDurableJob *job;

        g_assert_true(vb_durable_write_now(directory, "a", "one", NULL));
        g_assert_cmpint(g_mkdir_with_parents(obstacle, 0700), ==, 0);
        job = vb_durable_job_new(directory);
        vb_durable_job_write(job, "b", g_strdup("two"));
        vb_durable_job_run(job, on_done, self);
        g_main_loop_run(self->loop);
        g_assert_error(self->error, VB_ERROR, VB_ERROR_STORAGE);
        a = read_below(self, "kept", "a");
        g_assert_cmpstr(a, ==, "one");
}

static void test_durable_removal(Fixture *self, gconstpointer data)
{
        g_autofree char *directory = g_build_filename(self->directory, "gone", NULL);
        VbDurableJob *job = vb_durable_job_new(directory);

        g_assert_true(vb_durable_write_now(directory, "a", "one", NULL));
        g_assert_true(vb_durable_write_now(directory, "b", "two", NULL));
        vb_durable_job_remove_all(job, "a", false);
        vb_durable_job_run(job, on_done, self);
        g_main_loop_run(self->loop);
        g_assert_no_error(self->error);
        g_assert_false(g_file_test(directory, G_FILE_TEST_EXISTS));
}

static int state_of(const Fixture *self)
{
        int fd = open(self->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        return fd;
}

static uid_t owner_of(int dir, const char *name)
{
        struct stat st;

        g_assert_cmpint(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
        return st.st_uid;
}

static bool copy_as(const VbIdentity *identity, const char *source, int dir, bool *made, GError **error)
{
        return vb_copy(&(VbCopy){ .source = source,
                                  .dir = dir,
                                  .name = "copy",
                                  .temporary = "copy.new",
                                  .size_max = 4,
                                  .identity = identity },
                       made, error);
}

static void test_copy_has_no_rights_of_ours(Fixture *self, gconstpointer data)
{
        vb_autoclose int state = state_of(self), dir = -1;
        g_autoptr(VbIdentity) nobody = vb_identity_new_nobody();
        g_autofree char *source = g_build_filename(self->directory, "source", NULL);
        g_autoptr(GError) error = NULL;
        bool made = false;

        if (geteuid() != 0) {
                g_test_skip("only root can be somebody else");
                return;
        }
        g_assert_cmpint(g_chmod(self->directory, 0711), ==, 0);
        dir = vb_private_open(state, 7, nobody, 0, &error);
        g_assert_no_error(error);
        g_assert_true(g_file_set_contents(source, "1234", 4, NULL));
        g_assert_cmpint(g_chmod(source, 0600), ==, 0);
        g_assert_false(copy_as(nobody, source, dir, &made, &error));
        g_assert_nonnull(strstr(error->message, "cannot be read: Permission denied"));
        g_clear_error(&error);

        g_assert_cmpint(g_chmod(source, 0644), ==, 0);
        g_assert_true(copy_as(nobody, source, dir, &made, &error));
        g_assert_true(made);
        g_assert_cmpuint(owner_of(dir, "copy"), ==, nobody->uid);
        g_assert_true(copy_as(nobody, NULL, dir, &made, &error));
        g_assert_false(made);

        g_assert_cmpint(unlinkat(dir, "copy", 0), ==, 0);
        g_assert_true(g_file_set_contents(source, "12345", 5, NULL));
        g_assert_cmpint(g_chmod(source, 0644), ==, 0);
        g_assert_false(copy_as(nobody, source, dir, &made, &error));
        g_assert_nonnull(strstr(error->message, "is larger than 4 bytes"));
}

/* Another has taken the name of the temporary file over: what that is writing now is not given out as ours.
 */
typedef struct {
        const char *source;
        int dir;
        bool ok;
        GError *error;
} Copying;

static gpointer run_copy(gpointer data)
{
        Copying *copying = data;
        bool made;

        copying->ok = vb_copy(&(VbCopy){ .source = copying->source,
                                         .dir = copying->dir,
                                         .name = "copy",
                                         .temporary = "copy.new",
                                         .size_max = UINT64_MAX,
                                         .replace = true },
                              &made, &copying->error);
        return NULL;
}

/* The process that has @word among its arguments, and is not us. */
static pid_t find_process(const char *word)
{
        g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(processes))) {
                g_autofree char *path = g_build_filename("/proc", name, "cmdline", NULL);
                g_autofree char *text = NULL;
                gsize length;

                if (!g_ascii_isdigit(name[0]) || atoi(name) == getpid() ||
                    !g_file_get_contents(path, &text, &length, NULL))
                        continue;
                if (memmem(text, length, word, strlen(word)))
                        return atoi(name);
        }
        return 0;
}

static void test_two_copies_at_once(Fixture *self, gconstpointer data)
{
        vb_autoclose int dir = state_of(self);
        g_autofree char *long_source = g_build_filename(self->directory, "long", NULL);
        g_autofree char *short_source = g_build_filename(self->directory, "short", NULL);
        g_autofree char *copied = g_build_filename(self->directory, "copy", NULL), *content = NULL;
        Copying first = { .source = long_source, .dir = dir },
                second = { .source = short_source, .dir = dir };
        struct stat st;
        GThread *thread;
        pid_t pid;

        /* Given a copy that takes for ever, and is held up after its beginning, */
        g_assert_true(g_file_set_contents(long_source, "", 0, NULL));
        g_assert_true(g_file_set_contents(short_source, "short", 5, NULL));
        g_assert_cmpint(truncate(long_source, (off_t) 1 << 40), ==, 0);
        thread = g_thread_new("copy", run_copy, &first);
        while (fstatat(dir, "copy.new", &st, 0) < 0)
                g_usleep(100);
        pid = find_process(long_source);
        g_assert_cmpint(pid, >, 0);
        g_assert_cmpint(kill(pid, SIGSTOP), ==, 0);
        g_assert_cmpint(truncate(long_source, 0), ==, 0);

        /* when another is made, and the first goes on to its end, */
        (void) run_copy(&second);
        g_assert_no_error(second.error);
        g_assert_cmpint(mknodat(dir, "copy.new", S_IFREG | 0600, 0), ==, 0);
        g_assert_cmpint(kill(pid, SIGCONT), ==, 0);
        g_thread_join(thread);

        /* then it has failed, and touched nothing of others. */
        g_assert_false(first.ok);
        g_assert_error(first.error, VB_ERROR, VB_ERROR_STORAGE);
        g_assert_true(g_file_get_contents(copied, &content, NULL, NULL));
        g_assert_cmpstr(content, ==, "short");
        g_assert_cmpint(fstatat(dir, "copy.new", &st, 0), ==, 0);
        g_clear_error(&first.error);
}

/* Some servers' file systems know no renaming that does not replace. */
static void test_copy_where_names_only_replace(Fixture *self, gconstpointer data)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog filter = { .len = G_N_ELEMENTS(code), .filter = code };
        g_autofree char *source = g_build_filename(self->directory, "source", NULL);
        vb_autoclose int dir = state_of(self);
        bool made = false;
        struct stat st;

        if (!g_test_subprocess()) {
                g_test_trap_subprocess(NULL, 0, 0);
                g_test_trap_assert_passed();
                return;
        }
        g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
        g_assert_cmpint(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), ==, 0);
        g_assert_true(g_file_set_contents(source, "1234", 4, NULL));
        g_assert_true(copy_as(NULL, source, dir, &made, &self->error));
        g_assert_true(made);
        g_assert_true(copy_as(NULL, source, dir, &made, &self->error));
        g_assert_false(made);
        g_assert_cmpint(fstatat(dir, "copy.new", &st, 0), ==, -1);
}

/* It has none of our descriptors, and begins no session. */
static pid_t start_stranger(void)
{
        int ready[2];
        pid_t pid;
        char word;

        g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
        pid = fork();
        if (pid == 0) {
                (void) close_range(3, ~0U, 0);
                pause();
                _exit(0);
        }
        g_assert_cmpint(pid, >, 0);
        close(ready[1]);
        g_assert_cmpint(read(ready[0], &word, 1), ==, 0);
        close(ready[0]);
        return pid;
}

static void test_pty_must_be_held(void)
{
        vb_autoclose int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), fd = -1;
        g_autoptr(GError) error = NULL;
        const char *name;
        unsigned number;
        pid_t stranger;

        g_assert_cmpint(master, >=, 0);
        g_assert_cmpint(grantpt(master), ==, 0);
        g_assert_cmpint(unlockpt(master), ==, 0);
        name = ptsname(master);
        g_assert_cmpint(sscanf(name, "/dev/pts/%u", &number), ==, 1);
        fd = vb_pty_open(number, getpid(), &error);
        g_assert_no_error(error);
        g_assert_true(isatty(fd));
        g_assert_cmpint(fcntl(fd, F_GETFL) & O_NONBLOCK, ==, 0);
        stranger = start_stranger();
        g_assert_cmpint(vb_pty_open(number, stranger, &error), <, 0);
        g_assert_error(error, VB_ERROR, VB_ERROR_MONITOR);
        g_clear_error(&error);
        g_assert_cmpint(kill(stranger, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(stranger, NULL, 0), ==, stranger);
        g_assert_cmpint(vb_pty_open(number + 10000, getpid(), &error), <, 0);
        g_assert_error(error, VB_ERROR, VB_ERROR_MONITOR);
}

/* Given a SCSI device with a generic node, one without and none, then the node is found, or the reason told.
 */
static void test_scsi_generic(Fixture *self, gconstpointer data)
{
        g_autofree char *node = g_build_filename(self->directory, "2:0:1:3", "scsi_generic", "sg7", NULL);
        g_autofree char *bare = g_build_filename(self->directory, "2:0:1:4", NULL);
        g_autofree char *found = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(g_mkdir_with_parents(node, 0755), ==, 0);
        g_assert_cmpint(g_mkdir(bare, 0755), ==, 0);
        found = vb_scsi_generic_find(self->directory, "2:0:1:3", &error);
        g_assert_no_error(error);
        g_assert_cmpstr(found, ==, "/dev/sg7");
        g_assert_null(vb_scsi_generic_find(self->directory, "2:0:1:4", &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, "2:0:1:4 has no generic node"));
        g_clear_error(&error);
        g_assert_null(vb_scsi_generic_find(self->directory, "2:0:1:5", &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, "no SCSI device 2:0:1:5"));
}

static void write_below(const char *directory, const char *name, const char *text)
{
        g_autofree char *path = g_build_filename(directory, name, NULL);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void make_usb(const Fixture *self, const char *name, const char *product, const char *number)
{
        g_autofree char *path = g_build_filename(self->directory, name, NULL);

        g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
        write_below(path, "idVendor", "046d\n");
        write_below(path, "idProduct", product);
        write_below(path, "busnum", "3\n");
        write_below(path, "devnum", number);
}

/* As the kernel shows them: ids are in hexadecimal, and interfaces have none. */
static void test_usb_nodes(Fixture *self, gconstpointer data)
{
        g_autofree char *interface = g_build_filename(self->directory, "3-1:1.0", NULL);
        g_autoptr(GPtrArray) one = NULL, two = NULL, none = NULL;

        make_usb(self, "3-1", "c077\n", "7\n");
        make_usb(self, "3-2", "c31c\n", "12\n");
        make_usb(self, "3-3", "c31c\n", "nonsense\n");
        make_usb(self, "3-4", "c31c\n", "113\n");
        g_assert_cmpint(g_mkdir(interface, 0700), ==, 0);
        one = vb_usb_nodes_find(self->directory, 0x046d, 0xc077);
        g_assert_cmpuint(one->len, ==, 1);
        g_assert_cmpstr(one->pdata[0], ==, "/dev/bus/usb/003/007");
        two = vb_usb_nodes_find(self->directory, 0x046d, 0xc31c);
        g_assert_cmpuint(two->len, ==, 2);
        g_assert_true(g_ptr_array_find_with_equal_func(two, "/dev/bus/usb/003/012", g_str_equal, NULL));
        g_assert_true(g_ptr_array_find_with_equal_func(two, "/dev/bus/usb/003/113", g_str_equal, NULL));
        none = vb_usb_nodes_find(self->directory, 0x1234, 0xc31c);
        g_assert_cmpuint(none->len, ==, 0);
}

static void test_vfio_node(Fixture *self, gconstpointer data)
{
        g_autofree char *device = g_build_filename(self->directory, "0000:01:00.0", NULL);
        g_autofree char *link = g_build_filename(device, "iommu_group", NULL);
        g_autofree char *node = NULL;

        g_assert_cmpint(g_mkdir(device, 0700), ==, 0);
        g_assert_null(vb_vfio_node_find(self->directory, "0000:01:00.0"));
        g_assert_cmpint(symlink("../../../kernel/iommu_groups/17", link), ==, 0);
        node = vb_vfio_node_find(self->directory, "0000:01:00.0");
        g_assert_cmpstr(node, ==, "/dev/vfio/17");
        g_assert_null(vb_vfio_node_find(self->directory, "0000:02:00.0"));
}

#define ADD(name, function) g_test_add("/host/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        if (argc > 1 && g_str_equal(argv[1], VB_COPY_ARGUMENT))
                return vb_copy_main(argc, argv);
        g_test_init(&argc, &argv, NULL);
        ADD("scsi-generic", test_scsi_generic);
        ADD("usb-nodes", test_usb_nodes);
        ADD("vfio-node", test_vfio_node);
        ADD("room/made-and-gone", test_room_is_made_and_gone);
        ADD("room/not-made-twice", test_room_is_not_made_twice);
        ADD("room/of-another-user", test_room_of_another_user);
        ADD("room/removal-follows-no-link", test_removal_follows_no_link);
        ADD("room/monitor-can-be-reached", test_monitor_can_be_reached);
        ADD("room/found-again", test_room_is_found_again);
        ADD("room/log-tail-is-clean", test_log_tail_is_clean);
        ADD("durable/files-appear", test_durable_files_appear);
        ADD("durable/failed-write-leaves-nothing", test_failed_write_leaves_nothing);
        ADD("durable/failed-rewrite-keeps-the-old", test_failed_rewrite_keeps_the_old);
        ADD("durable/removal", test_durable_removal);
        ADD("copy/has-no-rights-of-ours", test_copy_has_no_rights_of_ours);
        ADD("copy/two-at-once", test_two_copies_at_once);
        ADD("copy/where-names-only-replace", test_copy_where_names_only_replace);
        g_test_add_func("/host/pty/must-be-held", test_pty_must_be_held);
        return g_test_run();
}
