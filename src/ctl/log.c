/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's emulator has said. It comes as a stream that the service gives us, which goes on without
 * the service and ends with the guest; who follows gets the next guest's too, until there is no domain any
 * more. Signals only make us look anew, so it does not matter who sends them. */
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/text.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MATCH_OWNER                                                                                          \
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"                      \
        "member='NameOwnerChanged',arg0='" VB_CTL_SERVICE "'"
#define MATCH_REMOVED                                                                                        \
        "type='signal',sender='" VB_CTL_SERVICE "',path='" VB_CTL_ROOT "',interface='" VB_CTL_OBJECT_MANAGER \
        "',member='InterfacesRemoved',arg0path='%s'"
#define MATCH_CHANGED                                                                                        \
        "type='signal',sender='" VB_CTL_SERVICE "',path='%s',interface='" VB_CTL_PROPERTIES                  \
        "',member='PropertiesChanged'"

/* A line that does not end is shown in pieces of this size. */
#define LINE_MAX_SIZE (64 * 1024)

typedef struct {
        VbCtl *ctl;    /* borrowed */
        char *path;    /* of the domain */
        GString *line; /* what has come of it */
        bool stale;    /* something has happened: how the domain is has to be asked anew */
        ino_t shown;   /* the file of the log that was shown last; 0: none */
        bool said;     /* something at all */
        bool unread;   /* nobody reads what we print */
} Log;

static void print_line(Log *log)
{
        if (log->line->len == 0)
                return;
        vb_ctl_print_line(log->line->str);
        g_string_truncate(log->line, 0);
        log->said = true;
}

static void take(Log *log, const char *text, size_t length)
{
        for (size_t i = 0; i < length; i++) {
                if (text[i] == '\n' && log->line->len == 0)
                        vb_ctl_print_line("");
                else if (text[i] == '\n' || log->line->len >= LINE_MAX_SIZE)
                        print_line(log);
                if (text[i] != '\n')
                        g_string_append_c(log->line, text[i] ? text[i] : ' ');
        }
}

static int on_news(sd_bus_message *message, void *userdata, sd_bus_error *bus_error)
{
        ((Log *) userdata)->stale = true;
        return 0;
}

static bool subscribe(Log *log, GError **error)
{
        g_autofree char *removed = g_strdup_printf(MATCH_REMOVED, log->path);
        g_autofree char *changed = g_strdup_printf(MATCH_CHANGED, log->path);
        int r = sd_bus_add_match(log->ctl->bus, NULL, MATCH_OWNER, on_news, log);

        if (r >= 0)
                r = sd_bus_add_match(log->ctl->bus, NULL, removed, on_news, log);
        if (r >= 0)
                r = sd_bus_add_match(log->ctl->bus, NULL, changed, on_news, log);
        return r >= 0 ||
               vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot listen on the bus: %s", g_strerror(-r));
}

static bool fail_bus(GError **error, int r)
{
        return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "the connection to the bus was lost: %s",
                           g_strerror(-r));
}

/* Handles what the bus has said. */
static bool hear(Log *log, GError **error)
{
        int r;

        do
                r = sd_bus_process(log->ctl->bus, NULL);
        while (r > 0);
        return r >= 0 || fail_bus(error, r);
}

static bool open_log(Log *log, bool follow, int *ret, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        unsigned options = log->ctl->options;
        int fd = -1, r;
        bool ok;

        if (!follow)
                log->ctl->options &= ~(unsigned) VB_CTL_OPTION_FOLLOW;
        ok = vb_ctl_act(log->ctl, log->path, VB_CTL_DOMAIN, &reply, error, "");
        log->ctl->options = options;
        if (!ok)
                return false;
        r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return vb_ctl_fail_reply(error, r);
        *ret = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* it is closed with the reply */
        return *ret >= 0 ||
               vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot keep the log: %s", g_strerror(errno));
}

/* Waits for more of the log (@fd, -1: none), and for the bus where that is listened to. False when nobody
 * reads what we print. */
static bool wait_for(Log *log, int fd)
{
        bool listens = log->ctl->bus != NULL;
        struct pollfd fds[] = {
                { .fd = fd, .events = POLLIN },
                { .fd = listens ? sd_bus_get_fd(log->ctl->bus) : -1, .events = POLLIN },
                { .fd = STDOUT_FILENO, .events = 0 },
        };

        if (fflush(stdout) != 0)
                return false;
        (void) poll(fds, G_N_ELEMENTS(fds), -1);
        return !(fds[2].revents & POLLERR);
}

/* To its end. */
static bool show(Log *log, int fd, GError **error)
{
        char buffer[16384];
        ssize_t n;

        for (;;) {
                if (log->ctl->bus && !hear(log, error))
                        return false;
                log->unread = !wait_for(log, fd);
                if (log->unread)
                        return true;
                if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) <= 0)
                        continue;
                n = read(fd, buffer, sizeof buffer);
                if (n > 0)
                        take(log, buffer, (size_t) n);
                else if (n == 0 || (errno != EINTR && errno != EAGAIN))
                        break;
        }
        print_line(log);
        return n == 0 || errno == ECONNRESET ||
               vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot read the log: %s", g_strerror(errno));
}

/* Whether there is such a domain; also if that cannot be told now. */
static bool is_there(const Log *log)
{
        g_autoptr(json_object) objects = NULL;

        return !vb_ctl_get_objects(log->ctl, VB_CTL_ROOT, &objects, NULL, NULL) ||
               json_object_object_get_ex(objects, log->path, NULL);
}

/* The log that there is now, if it is another than the last: each guest has a file of its own. */
static bool show_next(Log *log, GError **error)
{
        vb_autoclose int file = -1, fd = -1;
        struct stat st;

        if (!open_log(log, false, &file, error))
                return false;
        if (fstat(file, &st) < 0 || !S_ISREG(st.st_mode) || st.st_ino == log->shown)
                return true;
        log->shown = st.st_ino;
        return open_log(log, true, &fd, error) && show(log, fd, error);
}

static bool follow(Log *log, GError **error)
{
        bool first = true;

        if (!subscribe(log, error))
                return false;
        while (!log->unread) {
                g_autoptr(GError) refused = NULL;

                log->stale = false;
                if (!show_next(log, &refused)) {
                        if (first || !log->ctl->bus) {
                                g_propagate_error(error, g_steal_pointer(&refused));
                                return false;
                        }
                        if (!is_there(log))
                                return true;
                }
                first = false;
                /* A call that waits for its reply puts what else comes aside. */
                while (!log->stale && !log->unread) {
                        if (!hear(log, error))
                                return false;
                        if (!log->stale)
                                log->unread = !wait_for(log, -1);
                }
        }
        return true;
}

static bool show_once(Log *log, const char *domain, GError **error)
{
        g_autofree char *name = vb_ctl_escape(domain, false);
        vb_autoclose int fd = -1;

        if (!open_log(log, false, &fd, error))
                return false;
        vb_ctl_disconnect(log->ctl);
        if (!show(log, fd, error))
                return false;
        if (!log->said && !log->unread)
                fprintf(stderr, "The emulator of %s has said nothing.\n", name);
        return true;
}

bool vb_ctl_log(VbCtl *ctl, char **args, GError **error)
{
        Log log = { .ctl = ctl };
        bool ok;

        (void) signal(SIGPIPE, SIG_IGN); /* writing tells */
        log.line = g_string_new(NULL);
        ok = vb_ctl_connect(ctl, error) && vb_ctl_find_domain(ctl, args[0], &log.path, error) &&
             (ctl->options & VB_CTL_OPTION_FOLLOW ? follow(&log, error) : show_once(&log, args[0], error));
        vb_ctl_disconnect(ctl); /* the matches point to us */
        g_string_free(log.line, TRUE);
        g_free(log.path);
        return ok;
}
