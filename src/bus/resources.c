/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a caller may let a domain use what its definition names of the host: what is asked about a call
 * that defines or attaches, after what its verb needs. Each kind is an action of its own, and asked for one
 * after the other: a person sees one question at a time. */
#include "bus/resources.h"

#include "bus/bus-private.h"
#include "util/error.h"

static const VbVerb verbs[_VB_HOST_USE_MAX] = {
        [VB_USE_HOST_DEVICES] = VB_VERB_USE_HOST_DEVICES,
        [VB_USE_HOST_NETWORK] = VB_VERB_USE_HOST_NETWORK,
        [VB_USE_OTHER_IDENTITY] = VB_VERB_USE_OTHER_IDENTITY,
        [VB_USE_COMMAND_LINE] = VB_VERB_USE_COMMAND_LINE,
        [VB_USE_EMULATOR] = VB_VERB_USE_EMULATOR,
        [VB_USE_FIRMWARE] = VB_VERB_USE_FIRMWARE,
        [VB_USE_LOCKED_MEMORY] = VB_VERB_USE_LOCKED_MEMORY,
        [VB_USE_REALTIME] = VB_VERB_USE_REALTIME,
        [VB_USE_KVM] = VB_VERB_USE_KVM,
        [VB_USE_REMOTE_ACCESS] = VB_VERB_USE_REMOTE_ACCESS,
};

typedef struct {
        VbCall *call;
        uid_t owner;
        char *domain, *uuid;
        char *resources[_VB_HOST_USE_MAX]; /* in words; NULL: nothing of that kind */
        int at;                            /* the kind that is being asked for */
        VbAuthorised done;
        void *userdata;
} Asking;

VbVerb vb_host_use_verb(VbHostUse use)
{
        return verbs[use];
}

static void asking_end(Asking *asking, const GError *error)
{
        asking->done(error, asking->userdata);
        for (int use = 0; use < _VB_HOST_USE_MAX; use++)
                g_free(asking->resources[use]);
        g_free(asking->domain);
        g_free(asking->uuid);
        g_free(asking);
}

static void ask_next(Asking *asking);

static void on_answer(VbCall *call, const GError *error, void *userdata)
{
        Asking *asking = userdata;
        g_autoptr(GError) named = NULL;

        if (!error) {
                asking->at++;
                ask_next(asking);
                return;
        }
        named = g_error_copy(error);
        g_prefix_error(&named, "the definition names %s: ", asking->resources[asking->at]);
        asking_end(asking, named);
}

static void ask_next(Asking *asking)
{
        while (asking->at < _VB_HOST_USE_MAX && !asking->resources[asking->at])
                asking->at++;
        if (asking->at == _VB_HOST_USE_MAX)
                asking_end(asking, NULL);
        else
                vb_call_authorise(asking->call, verbs[asking->at],
                                  &(VbAuthorityDetails){ .domain = asking->domain,
                                                         .uuid = asking->uuid,
                                                         .owner = asking->owner,
                                                         .resource = asking->resources[asking->at] },
                                  on_answer, asking);
}

static void authorise(void *data, const VbAuthorisation *authorisation, VbAuthorised done, void *userdata)
{
        Asking *asking = g_new0(Asking, 1);

        asking->call = data;
        asking->owner = authorisation->owner;
        asking->domain = g_strdup(authorisation->domain);
        asking->uuid = g_strdup(authorisation->uuid);
        asking->done = done;
        asking->userdata = userdata;
        for (guint i = 0; i < authorisation->resources->len; i++) {
                const VbHostResource *resource = authorisation->resources->pdata[i];
                char **words = &asking->resources[resource->use];
                g_autofree char *before = *words;

                *words = g_strdup_printf("%s%s%s (%s)", before ? before : "", before ? ", " : "",
                                         resource->description, resource->where);
        }
        ask_next(asking);
}

VbRequester vb_call_requester(VbCall *call)
{
        return (VbRequester){ .uid = call->uid, .authorise = authorise, .data = call };
}
