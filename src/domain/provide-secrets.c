/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The secrets that come with a start. Whoever gives them may be slow, or want somebody else's rights to be
 * read with: it is the domain's own user who reads them. */
#include "domain/start-private.h"
#include "host/fd-read.h"

struct VbSecretsJob {
        GArray *sources; /* VbFdSource */
        VbFdRead *read;
};

static void job_free(VbStart *start)
{
        g_array_unref(start->secrets->sources);
        g_clear_pointer(&start->secrets, g_free);
}

static void on_read(const int *memory, const GError *error, void *userdata)
{
        VbStart *start = userdata;

        job_free(start);
        if (memory)
                vb_secrets_take(start->options.secrets, memory);
        vb_start_provided(start, error);
}

static void provide_secrets(VbStart *start)
{
        g_autoptr(GError) error = NULL;

        if (vb_secrets_is_empty(start->options.secrets)) {
                vb_start_provided(start, NULL);
                return;
        }
        start->secrets = g_new0(struct VbSecretsJob, 1);
        start->secrets->sources = vb_secrets_unread(start->options.secrets);
        start->secrets->read = vb_fd_read_start(vb_start_identity(start), start->secrets->sources,
                                                VB_SECRET_SIZE_MAX, on_read, start, &error);
        if (!start->secrets->read) {
                job_free(start);
                vb_start_provided(start, error);
        }
}

static void cancel_secrets(VbStart *start)
{
        vb_fd_read_cancel(start->secrets->read);
        job_free(start);
}

const VbProvision vb_provision_secrets = {
        .name = "secrets",
        .provide = provide_secrets,
        .cancel = cancel_secrets,
};
