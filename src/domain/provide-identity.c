/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who the emulator is: a user's domain is its owner; each of root's has a user of its own while it runs. A
 * static label of the model "dac" names somebody else. A service that is not root can be nobody but itself.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "conf/seclabel.h"
#include "domain/grants.h"
#include "domain/start-private.h"
#include "util/error.h"
#include "util/json.h"

#define KVM_DEVICE "/dev/kvm"

/* What the definition says of users; NULL: nothing. */
static const VbSeclabel *find_wish(const VbDomainDef *def)
{
        for (guint i = 0; def->seclabels && i < def->seclabels->len; i++) {
                const VbSeclabel *label = def->seclabels->pdata[i];

                if (!label->model || g_str_equal(label->model, "dac"))
                        return label;
        }
        return NULL;
}

/* Root may open it, and so may its domains; others have to have the right themselves, or to be granted it. */
static bool add_kvm(const VbDomain *domain, VbIdentity *identity, GError **error)
{
        struct stat st;

        if (domain->live->virt_type != VB_VIRT_KVM || stat(KVM_DEVICE, &st) < 0)
                return true;
        if ((domain->owner == 0 || vb_grants_have(domain->grants, VB_USE_KVM)) && (st.st_mode & 0060) == 0060)
                vb_identity_add_group(identity, st.st_gid);
        return vb_identity_may(identity, KVM_DEVICE, R_OK | W_OK) ||
               vb_error_set(
                       error, VB_ERROR_ACCESS_DENIED,
                       "Domain '%s' is of type 'kvm', and the user %u that it runs as may not "
                       "open " KVM_DEVICE
                       ": let him, by its group or access list, have it defined by somebody who may grant "
                       "org.virtbus1.use-kvm, or define the domain with type='qemu', which emulates",
                       domain->name, (unsigned) identity->uid);
}

/* Takes @identity over. */
static void got(VbStart *start, VbIdentity *identity)
{
        g_autoptr(GError) error = NULL;

        start->domain->provided->identity = identity;
        (void) add_kvm(start->domain, identity, &error);
        vb_start_provided(start, error);
}

static void on_found(VbIdentity *identity, const GError *error, void *userdata)
{
        VbStart *start = userdata;

        start->identity_query = NULL;
        if (identity)
                got(start, identity);
        else
                vb_start_provided(start, error);
}

static void reserve(VbStart *start)
{
        VbProvided *provided = start->domain->provided;
        VbUidPool *uids = provided->service->uids;
        g_autoptr(GError) error = NULL;
        VbIdentity *identity;
        uid_t uid;

        if (!vb_uid_pool_take(uids, provided->id, &uid, &error)) {
                vb_start_provided(start, error);
                return;
        }
        provided->reserved = true;
        identity = vb_identity_new(uid, uid);
        identity->common_gid = vb_uid_pool_group(uids);
        vb_identity_add_group(identity, vb_uid_pool_group(uids));
        got(start, identity);
}

static void provide_identity(VbStart *start)
{
        const VbDomain *domain = start->domain;
        const VbSeclabel *wish = find_wish(domain->live);
        const char *label = wish && wish->type == VB_SECLABEL_STATIC ? wish->label : NULL;

        if (!domain->service->uids)
                vb_start_provided(start, NULL);
        else if (domain->owner == 0 && !label && (!wish || wish->type != VB_SECLABEL_NONE))
                reserve(start);
        else
                start->identity_query = vb_identity_query(domain->owner, label, on_found, start);
}

static void cancel_identity(VbStart *start)
{
        vb_identity_query_cancel(g_steal_pointer(&start->identity_query));
}

static void withdraw_identity(VbProvided *provided)
{
        if (provided->reserved && !provided->lingering)
                vb_uid_pool_release(provided->service->uids, provided->identity->uid);
        provided->reserved = false;
}

static void forget_identity(VbProvided *provided)
{
        vb_identity_free(g_steal_pointer(&provided->identity));
}

static json_object *save_identity(const VbProvided *provided)
{
        const VbIdentity *identity = provided->identity;
        json_object *object, *groups;

        if (!identity)
                return NULL;
        object = json_object_new_object();
        groups = json_object_new_array();
        json_object_object_add(object, "uid", json_object_new_uint64(identity->uid));
        json_object_object_add(object, "gid", json_object_new_uint64(identity->gid));
        for (gsize i = 0; i < identity->n_groups; i++)
                json_object_array_add(groups, json_object_new_uint64(identity->groups[i]));
        json_object_object_add(object, "groups", groups);
        json_object_object_add(object, "common-gid", json_object_new_uint64(identity->common_gid));
        json_object_object_add(object, "reserved", json_object_new_boolean(provided->reserved));
        return object;
}

static void load_identity(VbProvided *provided, json_object *saved)
{
        VbUidPool *uids = provided->service->uids;
        json_object *groups;
        uint64_t uid, gid, common;

        if (!uids || !saved || !vb_json_get_uint64(saved, "uid", &uid) ||
            !vb_json_get_uint64(saved, "gid", &gid) || uid >= UINT32_MAX || gid >= UINT32_MAX)
                return;
        provided->identity = vb_identity_new((uid_t) uid, (gid_t) gid);
        if (vb_json_get_uint64(saved, "common-gid", &common) && common < UINT32_MAX)
                provided->identity->common_gid = (gid_t) common;
        if (vb_json_get_array(saved, "groups", &groups))
                for (size_t i = 0; i < json_object_array_length(groups); i++) {
                        uint64_t group = json_object_get_uint64(json_object_array_get_idx(groups, i));

                        if (group < UINT32_MAX)
                                vb_identity_add_group(provided->identity, (gid_t) group);
                }
        if (vb_json_get_bool(saved, "reserved", &provided->reserved) && provided->reserved)
                vb_uid_pool_claim(uids, (uid_t) uid);
}

const VbProvision vb_provision_identity = {
        .name = "identity",
        .provide = provide_identity,
        .cancel = cancel_identity,
        .withdraw = withdraw_identity,
        .forget = forget_identity,
        .save = save_identity,
        .load = load_identity,
};
