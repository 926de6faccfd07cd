/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets on their way to an emulator. What they come in is the caller's: host/fd-read.h reads it. */
#include "domain/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/envelope.h"
#include "host/fd-read.h"
#include "util/error.h"
#include "util/fd.h"

#define NAME_MAX_LENGTH 256
#define SECRETS_MAX 64
#define CREDENTIAL_PREFIX "virtbus.secret."

typedef struct {
        int fd;      /* an envelope */
        bool read;   /* @fd is memory of ours, sealed */
        bool used;   /* something has asked for it */
        bool passed; /* the emulator inherits it */
} Secret;

struct VbSecrets {
        gint refs;
        GHashTable *by_name; /* char * -> Secret * */
};

struct VbSecretSession {
        VbSecrets *secrets;
        uid_t owner;
        GHashTable *credentials; /* char * -> Secret *, of those that were asked for */
};

static void secret_free(gpointer data)
{
        Secret *secret = data;

        vb_clear_fd(&secret->fd);
        g_free(secret);
}

static void clear_source(gpointer data)
{
        g_free(((VbFdSource *) data)->what);
}

static Secret *secret_new(int fd, bool read)
{
        Secret *secret = g_new0(Secret, 1);

        secret->fd = fd;
        secret->read = read;
        return secret;
}

VbSecrets *vb_secrets_new(void)
{
        VbSecrets *secrets = g_new0(VbSecrets, 1);

        secrets->refs = 1;
        secrets->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, secret_free);
        return secrets;
}

VbSecrets *vb_secrets_ref(VbSecrets *secrets)
{
        g_atomic_int_inc(&secrets->refs);
        return secrets;
}

void vb_secrets_unref(VbSecrets *secrets)
{
        if (!secrets || !g_atomic_int_dec_and_test(&secrets->refs))
                return;
        g_hash_table_unref(secrets->by_name);
        g_free(secrets);
}

bool vb_secrets_add(VbSecrets *secrets, const char *name, int fd, GError **error)
{
        int copy;

        if (!*name || strlen(name) > NAME_MAX_LENGTH || g_hash_table_contains(secrets->by_name, name))
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "secrets: a name has 1 to %d bytes, and comes once", NAME_MAX_LENGTH);
        if (g_hash_table_size(secrets->by_name) >= SECRETS_MAX)
                return vb_error_set(error, VB_ERROR_LIMITS_EXCEEDED, "secrets: more than %d", SECRETS_MAX);
        if (!vb_envelope_is_source(fd))
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "secrets: '%s' is not a file, pipe or memfd that can be read", name);
        copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (copy < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "secrets: '%s' cannot be kept",
                                          name);
        g_hash_table_insert(secrets->by_name, g_strdup(name), secret_new(copy, false));
        return true;
}

bool vb_secrets_is_empty(const VbSecrets *secrets)
{
        return g_hash_table_size(secrets->by_name) == 0;
}

GArray *vb_secrets_unread(const VbSecrets *secrets)
{
        GArray *sources = g_array_new(FALSE, FALSE, sizeof(VbFdSource));
        GHashTableIter iter;
        gpointer name, value;

        g_array_set_clear_func(sources, clear_source);
        g_hash_table_iter_init(&iter, secrets->by_name);
        while (g_hash_table_iter_next(&iter, &name, &value)) {
                const Secret *secret = value;
                VbFdSource source = { .fd = secret->fd };

                if (secret->read)
                        continue;
                source.what = g_strdup_printf("secrets: '%s'", (char *) name);
                g_array_append_val(sources, source);
        }
        return sources;
}

void vb_secrets_take(VbSecrets *secrets, const int *memory)
{
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, secrets->by_name);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                Secret *secret = value;

                if (secret->read)
                        continue;
                vb_clear_fd(&secret->fd);
                secret->fd = *memory++;
                secret->read = true;
        }
}

VbSecretSession *vb_secrets_open(VbSecrets *secrets, uid_t owner)
{
        VbSecretSession *session = g_new0(VbSecretSession, 1);

        session->secrets = vb_secrets_ref(secrets);
        session->owner = owner;
        session->credentials = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, secret_free);
        return session;
}

void vb_secret_session_free(VbSecretSession *session)
{
        if (!session)
                return;
        vb_secrets_unref(session->secrets);
        g_hash_table_unref(session->credentials);
        g_free(session);
}

static char *credential_name(const VbSecretSession *session, const char *name)
{
        return session->owner == geteuid()
                       ? g_strconcat(CREDENTIAL_PREFIX, name, NULL)
                       : g_strdup_printf(CREDENTIAL_PREFIX "%u.%s", (unsigned) session->owner, name);
}

/* systemd keeps credentials in memory, in files of root's: reading one waits for nobody. An owner sees those
 * that are for it alone. */
static Secret *find_credential(VbSecretSession *session, const char *name)
{
        const char *directory = g_getenv("CREDENTIALS_DIRECTORY");
        g_autofree char *credential = credential_name(session, name);
        Secret *found = g_hash_table_lookup(session->credentials, name);
        vb_autoclose int dir = -1, fd = -1;
        char buffer[VB_SECRET_SIZE_MAX + 1];
        ssize_t n;
        int sealed;

        if (found || !directory || strchr(name, '/'))
                return found;
        dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fd = dir < 0 ? -1 : openat(dir, credential, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return NULL;
        n = read(fd, buffer, sizeof buffer);
        sealed = n < 0 || n > VB_SECRET_SIZE_MAX ? -1 : vb_fd_sealed(buffer, (gsize) n);
        explicit_bzero(buffer, sizeof buffer);
        if (sealed < 0)
                return NULL;
        found = secret_new(sealed, true);
        g_hash_table_insert(session->credentials, g_strdup(name), found);
        return found;
}

static Secret *find(VbSecretSession *session, const char *name)
{
        Secret *given = g_hash_table_lookup(session->secrets->by_name, name);

        return given ? given : find_credential(session, name);
}

bool vb_secret_session_has(const char *name, void *session)
{
        return find(session, name) != NULL;
}

static bool fail_missing(const VbSecretSession *session, const char *name, GError **error)
{
        g_autofree char *credential = credential_name(session, name);

        return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                            "the secret '%s' is needed: give it with the start (virtbusctl start --secret "
                            "'%s=FILE'), or give the service the systemd credential '%s'",
                            name, name, credential);
}

char *vb_secret_session_path(const char *name, void *userdata, GError **error)
{
        VbSecretSession *session = userdata;
        Secret *secret = find(session, name);

        if (!secret) {
                fail_missing(session, name, error);
                return NULL;
        }
        secret->used = secret->passed = true;
        return g_strdup_printf("/proc/self/fd/%d", secret->fd);
}

static void append_used(GHashTable *secrets, GArray *fds)
{
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, secrets);
        while (g_hash_table_iter_next(&iter, NULL, &value))
                if (((Secret *) value)->passed)
                        g_array_append_val(fds, ((Secret *) value)->fd);
}

bool vb_secret_session_finish(VbSecretSession *session, GArray *fds, GError **error)
{
        GHashTableIter iter;
        gpointer name, value;

        g_hash_table_iter_init(&iter, session->secrets->by_name);
        while (g_hash_table_iter_next(&iter, &name, &value))
                if (!((Secret *) value)->used)
                        return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                            "secrets: nothing in the definition asks for '%s'",
                                            (char *) name);
        append_used(session->secrets->by_name, fds);
        append_used(session->credentials, fds);
        return true;
}

bool vb_secrets_borrow(VbSecrets *secrets, uid_t owner, const char *name, int *ret_fd, GError **error)
{
        g_autoptr(VbSecretSession) session = vb_secrets_open(secrets, owner);
        Secret *secret = find(session, name);

        if (!secret)
                return fail_missing(session, name, error);
        /* A credential stays with those that were given. */
        if (!g_hash_table_contains(secrets->by_name, name)) {
                gpointer key = NULL;

                g_hash_table_steal_extended(session->credentials, name, &key, NULL);
                g_hash_table_insert(secrets->by_name, key, secret);
        }
        secret->used = true;
        *ret_fd = secret->fd;
        return true;
}
