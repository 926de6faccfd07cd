/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Secrets that come with a start: by name, each a descriptor that can be read. What they hold is read once,
 * by a process of the owner's, into sealed memory that the emulator inherits; it is nowhere else. Counted: a
 * call and its start hold them. */
typedef struct VbSecrets VbSecrets;

#define VB_SECRET_SIZE_MAX (64 * 1024)

VbSecrets *vb_secrets_new(void);
VbSecrets *vb_secrets_ref(VbSecrets *secrets);
void vb_secrets_unref(VbSecrets *secrets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbSecrets, vb_secrets_unref)

/* Keeps a copy of the descriptor, which is an envelope (host/envelope.h). INVALID_ARGS for one that cannot
 * be read, a name that was there, and too many. */
bool vb_secrets_add(VbSecrets *secrets, const char *name, int fd, GError **error);

bool vb_secrets_is_empty(const VbSecrets *secrets);

/* What is still to be read: VbFdSource, in an order that stays until it has been taken. Caller frees. */
GArray *vb_secrets_unread(const VbSecrets *secrets);
/* What was read of them, in their order: takes over the descriptors, sealed. */
void vb_secrets_take(VbSecrets *secrets, const int *memory);

/* A descriptor of the secret called @name, for another program than the emulator; INVALID_ARGS where there is
 * none. It stays the secrets'. */
bool vb_secrets_borrow(VbSecrets *secrets, uid_t owner, const char *name, int *ret_fd, GError **error);

/* Handing them to an emulator of a domain of @owner's, together with the service's credentials. */
typedef struct VbSecretSession VbSecretSession;

VbSecretSession *vb_secrets_open(VbSecrets *secrets, uid_t owner);
void vb_secret_session_free(VbSecretSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbSecretSession, vb_secret_session_free)

/* For VbArgvContext; @session is a VbSecretSession. */
char *vb_secret_session_path(const char *name, void *session, GError **error);
bool vb_secret_session_has(const char *name, void *session);

/* Appends the descriptors that the emulator is to inherit; they are open as long as the session. INVALID_ARGS
 * if a secret was given that nothing has asked for. */
bool vb_secret_session_finish(VbSecretSession *session, GArray *fds, GError **error);
