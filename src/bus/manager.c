/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.virtbus1.Manager: between messages and the set of domains. */
#include "bus/bus-private.h"
#include "bus/machines.h"
#include "bus/options.h"
#include "bus/paths.h"
#include "bus/resources.h"
#include "config.h"
#include "domain/define.h"
#include "domain/prepare.h"
#include "qemu/argv.h"
#include "util/error.h"

static int property_get_version(sd_bus *sd, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        return sd_bus_message_append(reply, "s", VB_VERSION);
}

static int property_get_features(sd_bus *sd, const char *path, const char *interface, const char *property,
                                 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        return sd_bus_message_append(reply, "as", 11, "transient", "dry-run", "console", "log", "attach",
                                     "pending", "reconnect", "machine-types", "resources", "secrets", "managed-save");
}

static int property_get_domains(sd_bus *sd, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        VbBus *bus = userdata;

        return sd_bus_message_append(reply, "u", bus->service->n_announced);
}

static int property_get_running(sd_bus *sd, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        VbBus *bus = userdata;

        return sd_bus_message_append(reply, "u", bus->service->n_running);
}

static int property_get_host_architecture(sd_bus *sd, const char *path, const char *interface, const char *property,
                                          sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        VbBus *bus = userdata;

        return sd_bus_message_append(reply, "s", bus->service->host_arch);
}

static int property_get_emulator_version(sd_bus *sd, const char *path, const char *interface, const char *property,
                                         sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        VbBus *bus = userdata;
        const VbEmulatorFacts *facts = bus->service->host_emulator;
        g_autofree char *version = NULL;

        if (facts)
                version = g_strdup_printf("%u.%u.%u", facts->version / 1000000, facts->version / 1000 % 1000,
                                          facts->version % 1000);
        return sd_bus_message_append(reply, "s", version ? version : "");
}

static int property_get_accelerators(sd_bus *sd, const char *path, const char *interface, const char *property,
                                     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        VbBus *bus = userdata;
        const VbEmulatorFacts *facts = bus->service->host_emulator;

        if (!facts)
                return sd_bus_message_append(reply, "as", 0);
        if (facts->kvm_present)
                return sd_bus_message_append(reply, "as", 2, "kvm", "tcg");
        return sd_bus_message_append(reply, "as", 1, "tcg");
}

static bool read_args(VbCall *call, const char *types, void *argument, const VbOption *options, GError **error)
{
        int r = sd_bus_message_read(call->message, types, argument);

        if (r < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the arguments cannot be read: %s", g_strerror(-r));
        return !options || vb_options_read(call->message, options, error);
}

static const VbOption no_options[] = { { 0 } };

/* The path of the domain that a definition became, or the error. */
static void reply_domain(VbDomain *domain, const GError *error, void *userdata)
{
        g_autofree char *path = domain ? vb_path_of_domain(domain->id) : NULL;

        if (error)
                vb_call_reply_error(userdata, error);
        else
                vb_call_reply(userdata, "o", path);
}

static bool method_define_domain(VbCall *call, GError **error)
{
        const VbRequester requester = vb_call_requester(call);
        const char *xml;

        if (!read_args(call, "s", &xml, no_options, error))
                return false;
        vb_define(call->bus->service, &requester, call->uid, xml, reply_domain, call);
        return true;
}

static bool method_create_domain(VbCall *call, GError **error)
{
        const VbRequester requester = vb_call_requester(call);
        const char *xml;
        int paused = false;
        g_autoptr(VbSecrets) secrets = NULL;
        const VbOption options[] = { { "paused", 'b', &paused, NULL }, { "secrets", 'h', &secrets, NULL }, { 0 } };

        if (!read_args(call, "s", &xml, options, error))
                return false;
        vb_create(call->bus->service, &requester, call->uid, xml, &(VbStartOptions){ .paused = paused, .secrets = secrets }, reply_domain, call);
        return true;
}

typedef VbDomain *(*FindOwned)(VbService *service, uid_t owner, const char *text);
typedef VbDomain *(*FindAny)(VbService *service, const char *text, GError **error);

static bool get_domain(VbCall *call, FindOwned find_owned, FindAny find_any, const char *what, GError **error)
{
        const char *text;
        uint32_t owner = call->uid;
        bool owner_given = false;
        const VbOption options[] = { { "owner", 'u', &owner, &owner_given }, { 0 } };
        VbDomain *domain;

        if (!read_args(call, "s", &text, options, error))
                return false;
        domain = find_owned(call->bus->service, owner, text);
        if (!domain && owner_given)
                return vb_error_set(error, VB_ERROR_NO_SUCH_DOMAIN, "the user %u has no domain with the %s '%s'", owner,
                                    what, text);
        if (!domain)
                domain = find_any(call->bus->service, text, error);
        if (!domain)
                return false;
        reply_domain(domain, NULL, call);
        return true;
}

static bool method_get_domain(VbCall *call, GError **error)
{
        return get_domain(call, vb_service_find_by_name, vb_service_find_any_by_name, "name", error);
}

static bool is_uuid(VbCall *call, GError **error)
{
        const char *text;
        bool ok = sd_bus_message_read(call->message, "s", &text) >= 0 && g_uuid_string_is_valid(text);

        (void) sd_bus_message_rewind(call->message, true);
        return ok || vb_error_set(error, VB_ERROR_INVALID_ARGS, "a uuid has the form "
                                                                "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

static bool method_get_domain_by_uuid(VbCall *call, GError **error)
{
        return is_uuid(call, error) && 
               get_domain(call, vb_service_find_by_uuid, vb_service_find_any_by_uuid, "uuid", error);
}

static bool method_get_domain_by_pid(VbCall *call, GError **error)
{
        VbDomain *domain;
        uint32_t pid;

        if (!read_args(call, "u", &pid, NULL, error))
                return false;
        domain = pid > 0 ? vb_service_find_by_pid(call->bus->service, (pid_t) pid) : NULL;
        if (!domain)
                return vb_error_set(error, VB_ERROR_NO_SUCH_DOMAIN, "the process %u is not a domain's", pid);
        reply_domain(domain, NULL, call);
        return true;
}

static int append_domain(sd_bus_message *reply, const VbDomain *domain)
{
        g_autofree char *path = vb_path_of_domain(domain->id);

        return sd_bus_message_append(reply, "(ssuso)", domain->name, domain->uuid, (uint32_t) domain->owner,
                                     vb_state_to_string(domain->state), path);
}

static bool method_list_domains(VbCall *call, GError **error)
{
        g_autoptr(VbBusMessage) reply = NULL;
        GPtrArray *domains = call->bus->service->domains;
        int r = sd_bus_message_new_method_return(call->message, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssuso)");
        for (guint i = 0; r >= 0 && i < domains->len; i++)
                if (((VbDomain *) domains->pdata[i])->announced)
                        r = append_domain(reply, domains->pdata[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r < 0)
                return vb_error_set(error, VB_ERROR_LIMITS_EXCEEDED, "the list cannot be made: %s", g_strerror(-r));
        vb_call_reply_message(call, reply);
        return true;
}

static void on_validated(VbDomainDef *def, VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error,
                         void *userdata)
{
        g_autofree char *xml = def ? vb_domain_def_format(def) : NULL;

        if (error)
                vb_call_reply_error(userdata, error);
        else
                vb_call_reply(userdata, "s", xml);
        vb_domain_def_free(def);
}

/* For who only wants to see. */
static bool prepare(VbCall *call, VbProbeScope scope, VbPrepared done, GError **error)
{
        const VbRequester requester = vb_call_requester(call);
        const char *xml;

        if (!read_args(call, "s", &xml, no_options, error))
                return false;
        vb_prepare_xml(&(VbPreparation){ .service = call->bus->service,
                                         .requester = &requester,
                                         .owner = call->uid,
                                         .scope = scope },
                       xml, done, call);
        return true;
}

static bool method_validate_domain(VbCall *call, GError **error)
{
        return prepare(call, VB_PROBE_SCOPE_MACHINE, on_validated, error);
}

static void reply_argv(VbCall *call, char **argv)
{
        g_autoptr(VbBusMessage) reply = NULL;
        g_autoptr(GError) error = NULL;
        int r = sd_bus_message_new_method_return(call->message, &reply);

        if (r >= 0)
                r = sd_bus_message_append_strv(reply, argv);
        if (r >= 0) {
                vb_call_reply_message(call, reply);
                return;
        }
        vb_error_set(&error, VB_ERROR_INVALID_XML, "the command line cannot be sent: %s", g_strerror(-r));
        vb_call_reply_error(call, error);
}

static void on_described(VbDomainDef *def, VbEmulatorFacts *emulator, VbMachineFacts *machine,
                         const GError *prepare_error, void *userdata)
{
        VbCall *call = userdata;
        g_autofree char *sockets = g_strdup_printf("%s/domains/0/sockets", call->bus->service->runtime_dir);
        g_auto(GStrv) argv = NULL;
        g_autoptr(GError) error = NULL;

        if (def)
                argv = vb_argv_build(def,
                                     &(VbArgvContext){ .monitor_fd = -1,
                                                       .sockets_dir = sockets,
                                                       .emulator = emulator,
                                                       .machine = machine },
                                     &error);
        vb_domain_def_free(def);
        if (argv)
                reply_argv(call, argv);
        else
                vb_call_reply_error(call, prepare_error ? prepare_error : error);
}

static bool method_describe_command_line(VbCall *call, GError **error)
{
        return prepare(call, VB_PROBE_SCOPE_ALL, on_described, error);
}

const VbMethodRule vb_manager_rules[] = {
        { "DefineDomain", VB_VERB_DEFINE, method_define_domain },
        { "CreateDomain", VB_VERB_CREATE, method_create_domain },
        { "GetDomain", VB_VERB_PUBLIC, method_get_domain },
        { "GetDomainByUUID", VB_VERB_PUBLIC, method_get_domain_by_uuid },
        { "GetDomainByPID", VB_VERB_PUBLIC, method_get_domain_by_pid },
        { "ListDomains", VB_VERB_PUBLIC, method_list_domains },
        { "ValidateDomain", VB_VERB_DEFINE, method_validate_domain },
        { "DescribeCommandLine", VB_VERB_DEFINE, method_describe_command_line },
        { "ListEmulators", VB_VERB_PUBLIC, vb_method_list_emulators },
        { "ListMachineTypes", VB_VERB_PUBLIC, vb_method_list_machine_types },
        { "DescribeMachineType", VB_VERB_PUBLIC, vb_method_describe_machine_type },
        { 0 },
};

static int dispatch(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return vb_call_dispatch(userdata, message, vb_manager_rules, VB_TARGET_MANAGER);
}

const sd_bus_vtable vb_manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("DefineDomain", SD_BUS_ARGS("s", xml, "a{sv}", options), SD_BUS_RESULT("o", domain), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateDomain", SD_BUS_ARGS("s", xml, "a{sv}", options), SD_BUS_RESULT("o", domain), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetDomain", SD_BUS_ARGS("s", name, "a{sv}", options), SD_BUS_RESULT("o", domain), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetDomainByUUID", SD_BUS_ARGS("s", uuid, "a{sv}", options), SD_BUS_RESULT("o", domain), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetDomainByPID", SD_BUS_ARGS("u", pid), SD_BUS_RESULT("o", domain), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListDomains", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssuso)", domains), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ValidateDomain", SD_BUS_ARGS("s", xml, "a{sv}", options), SD_BUS_RESULT("s", complete), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeCommandLine", SD_BUS_ARGS("s", xml, "a{sv}", options), SD_BUS_RESULT("as", argv), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListEmulators", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", emulators), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListMachineTypes", SD_BUS_ARGS("s", architecture), SD_BUS_RESULT("aa{sv}", machine_types),
                                dispatch, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeMachineType", SD_BUS_ARGS("s", architecture, "s", machine_type),
                                SD_BUS_RESULT("a{sv}", description), dispatch, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("Lifecycle", SD_BUS_ARGS("o", domain, "s", event, "s", detail), 0),
        SD_BUS_PROPERTY("Version", "s", property_get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Features", "as", property_get_features, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Domains", "u", property_get_domains, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Running", "u", property_get_running, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("HostArchitecture", "s", property_get_host_architecture, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("EmulatorVersion", "s", property_get_emulator_version, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Accelerators", "as", property_get_accelerators, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};
