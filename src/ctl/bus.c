/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection, calls to the service, and what their failures mean to a person. The only file that knows
 * names of errors. */
#include "ctl/bus.h"

#include "ctl/agent.h"
#include "ctl/secret.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

/* Errors that a verb has an answer to. */
static const struct {
        const char *name;
        VbCtlError code;
} codes[] = {
        { VB_CTL_SERVICE ".Error.NoSuchDomain", VB_CTL_ERROR_NO_SUCH_DOMAIN },
        { VB_CTL_SERVICE ".Error.InvalidState", VB_CTL_ERROR_INVALID_STATE  },
        { VB_CTL_SERVICE ".Error.Busy",         VB_CTL_ERROR_BUSY           },
};

/* Errors of the bus itself, whose own words do not help. */
static const struct {
        const char *name;
        const char *message;
} bus_errors[] = {
        { SD_BUS_ERROR_SERVICE_UNKNOWN,   "virtbusd is not running on"            },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, "virtbusd is not running on"            },
        { SD_BUS_ERROR_NO_REPLY,          "virtbusd ended, or did not answer, on" },
        { SD_BUS_ERROR_TIMEOUT,           "virtbusd did not answer in time on"    },
        { SD_BUS_ERROR_DISCONNECTED,      "the connection was lost to"            },
        { "System.Error.ECONNRESET",      "the connection was lost to"            },
        { "System.Error.ENOTCONN",        "the connection was lost to"            },
};

static const struct {
        VbCtlOption option;
        const char *name;
} bus_options[] = {
        { VB_CTL_OPTION_PAUSED,   "paused"   },
        { VB_CTL_OPTION_NO_WAIT,  "no-wait"  },
        { VB_CTL_OPTION_RESET_NVRAM, "reset-nvram" },
        { VB_CTL_OPTION_DISCARD_SAVE, "discard-save" },
        { VB_CTL_OPTION_INACTIVE, "inactive" },
        { VB_CTL_OPTION_LIVE, "live" },
        { VB_CTL_OPTION_CONFIG, "config" },
        { VB_CTL_OPTION_FOLLOW, "follow" },
};

static char *bus_name(const VbCtl *ctl)
{
        switch (ctl->scope) {
        case VB_CTL_SCOPE_USER:
                return g_strdup("the session bus");
        case VB_CTL_SCOPE_ADDRESS:
                return g_strdup_printf("the bus at %s", ctl->address);
        case VB_CTL_SCOPE_SYSTEM:
        default:
                return g_strdup("the system bus");
        }
}

static int open_address(const char *address, sd_bus **ret)
{
        sd_bus *bus = NULL;
        int r = sd_bus_new(&bus);

        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                sd_bus_unref(bus);
        else
                *ret = bus;
        return r;
}

static int open_bus(const VbCtl *ctl, sd_bus **ret)
{
        switch (ctl->scope) {
        case VB_CTL_SCOPE_USER:
                return sd_bus_open_user_with_description(ret, "virtbusctl");
        case VB_CTL_SCOPE_ADDRESS:
                return open_address(ctl->address, ret);
        case VB_CTL_SCOPE_SYSTEM:
        default:
                return sd_bus_open_system_with_description(ret, "virtbusctl");
        }
}

bool vb_ctl_connect(VbCtl *ctl, GError **error)
{
        g_autofree char *name = bus_name(ctl);
        const char *unique = NULL;
        int r;

        if (ctl->bus)
                return true;
        r = open_bus(ctl, &ctl->bus);
        if (r >= 0)
                r = sd_bus_set_allow_interactive_authorization(ctl->bus, !ctl->no_ask_password);
        if (r >= 0)
                r = sd_bus_get_unique_name(ctl->bus, &unique); /* waits until we are really connected */
        if (r >= 0)
                return true;
        vb_ctl_disconnect(ctl);
        if (r == -ENOMEDIUM)
                return vb_ctl_fail(
                        error, VB_CTL_ERROR_FAILED,
                        "there is no session bus: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR "
                        "is set");
        return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot connect to %s: %s", name, g_strerror(-r));
}

void vb_ctl_disconnect(VbCtl *ctl)
{
        ctl->bus = sd_bus_flush_close_unref(ctl->bus);
}

int vb_ctl_reconnect(VbCtl *ctl, sd_event *event)
{
        int r;

        if (ctl->bus && sd_bus_is_open(ctl->bus) > 0)
                return 0;
        vb_ctl_disconnect(ctl);
        r = vb_ctl_connect(ctl, NULL) ? sd_bus_attach_event(ctl->bus, event, SD_EVENT_PRIORITY_NORMAL) : -ENOTCONN;
        if (r >= 0)
                return 1;
        vb_ctl_disconnect(ctl);
        return r;
}

int vb_ctl_on_lost(VbCtl *ctl, sd_bus_message_handler_t handler, void *userdata)
{
        return sd_bus_add_match(ctl->bus, NULL,
                                "type='signal',sender='org.freedesktop.DBus.Local',path='/org/freedesktop/DBus/Local',"
                                "interface='org.freedesktop.DBus.Local',member='Disconnected'",
                                handler, userdata);
}

static bool fail_call(const VbCtl *ctl, GError **error, const sd_bus_error *bus_error, int r)
{
        g_autofree char *name = bus_name(ctl);
        VbCtlError code = VB_CTL_ERROR_FAILED;

        for (size_t i = 0; i < G_N_ELEMENTS(bus_errors); i++)
                if (sd_bus_error_has_name(bus_error, bus_errors[i].name))
                        return vb_ctl_fail(error, code, "%s %s", bus_errors[i].message, name);
        if (bus_error->name && g_str_has_prefix(bus_error->name, VB_CTL_SERVICE ".Error."))
                code = VB_CTL_ERROR_REFUSED;
        for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
                if (sd_bus_error_has_name(bus_error, codes[i].name))
                        code = codes[i].code;
        if (bus_error->message && *bus_error->message)
                return vb_ctl_fail(error, code, "%s", bus_error->message);
        return vb_ctl_fail(error, code, "%s", bus_error->name ? bus_error->name : g_strerror(-r));
}

bool vb_ctl_fail_reply(GError **error, int r)
{
        return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot understand what virtbusd says: %s",
                           g_strerror(-r));
}

bool vb_ctl_read_reply(sd_bus_message *reply, const char *type, json_object **ret, GError **error)
{
        int r = sd_bus_message_has_signature(reply, type) ? vb_ctl_json_read(reply, ret) : -ENXIO;

        return r < 0 ? vb_ctl_fail_reply(error, r) : true;
}

static bool send_call(VbCtl *ctl, sd_bus_message *call, uint64_t timeout_usec, sd_bus_message **reply,
                      GError **error)
{
        sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        int r;

        if (timeout_usec == VB_CTL_ACTS)
                vb_ctl_agent_open(ctl);
        r = sd_bus_call(ctl->bus, call, timeout_usec, &bus_error, reply);
        vb_ctl_agent_close(ctl);
        if (r >= 0)
                return true;
        fail_call(ctl, error, &bus_error, r);
        sd_bus_error_free(&bus_error);
        return false;
}

static bool new_call(VbCtl *ctl, const char *path, const char *interface, const char *method,
                     sd_bus_message **ret, GError **error)
{
        int r;

        if (!vb_ctl_connect(ctl, error))
                return false;
        r = sd_bus_message_new_method_call(ctl->bus, ret, VB_CTL_SERVICE, path, interface, method);
        if (r < 0)
                return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot call %s of %s: %s", method, path,
                                   g_strerror(-r));
        return true;
}

static bool fail_append(GError **error, int r)
{
        return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot send that over the bus: %s", g_strerror(-r));
}

bool vb_ctl_call(VbCtl *ctl, uint64_t timeout_usec, const char *path, const char *interface,
                 const char *method, sd_bus_message **reply, GError **error, const char *types, ...)
{
        g_autoptr(sd_bus_message) call = NULL;
        va_list ap;
        int r;

        if (!new_call(ctl, path, interface, method, &call, error))
                return false;
        va_start(ap, types);
        r = sd_bus_message_appendv(call, types, ap);
        va_end(ap);
        if (r < 0)
                return fail_append(error, r);
        return send_call(ctl, call, timeout_usec, reply, error);
}

bool vb_ctl_press(VbCtl *ctl, const char *path, const char *method, sd_bus_slot **slot,
                  sd_bus_message_handler_t on_reply, void *userdata, GError **error)
{
        g_autoptr(sd_bus_message) call = NULL;
        int r;

        if (!new_call(ctl, path, VB_CTL_DOMAIN, method, &call, error))
                return false;
        r = sd_bus_message_append(call, "a{sv}", 0);
        if (r >= 0)
                r = sd_bus_call_async(ctl->bus, slot, call, on_reply, userdata, VB_CTL_ACTS);
        return r < 0 ? fail_append(error, r) : true;
}

bool vb_ctl_check_reply(const VbCtl *ctl, sd_bus_message *reply, GError **error)
{
        const sd_bus_error *problem = sd_bus_message_get_error(reply);

        return problem ? fail_call(ctl, error, problem, -sd_bus_error_get_errno(problem)) : true;
}

static int append_secrets(sd_bus_message *call, const VbCtlSecret *secrets, size_t n)
{
        int r = sd_bus_message_open_container(call, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(call, "s", "secrets");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'v', "a{sh}");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "{sh}");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(call, "{sh}", secrets[i].name, secrets[i].fd);
        for (int i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(call);
        return r;
}

static int append_options(sd_bus_message *call, unsigned options, GArray *secrets)
{
        int r = sd_bus_message_open_container(call, 'a', "{sv}");

        for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(bus_options); i++)
                if (options & bus_options[i].option)
                        r = sd_bus_message_append(call, "{sv}", bus_options[i].name, "b", true);
        if (r >= 0 && secrets->len > 0)
                r = append_secrets(call, (const VbCtlSecret *) (void *) secrets->data, secrets->len);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

bool vb_ctl_act(VbCtl *ctl, const char *path, const char *interface, sd_bus_message **reply, GError **error,
                const char *types, ...)
{
        g_autoptr(sd_bus_message) call = NULL;
        g_autoptr(GArray) secrets = vb_ctl_secrets_open(ctl->secrets, error);
        va_list ap;
        int r;

        if (!secrets || !new_call(ctl, path, interface, ctl->method, &call, error))
                return false;
        va_start(ap, types);
        r = sd_bus_message_appendv(call, types, ap);
        va_end(ap);
        if (r >= 0)
                r = append_options(call, ctl->options, secrets);
        if (r < 0)
                return fail_append(error, r);
        return send_call(ctl, call, VB_CTL_ACTS, reply, error);
}

static bool parse_number(const char *text, uint64_t *ret)
{
        static const char units[] = "KMGT";
        const char *unit;
        char *end;
        guint64 number = g_ascii_strtoull(text, &end, 10);

        if (g_str_equal(text, "none")) {
                *ret = 0;
                return true;
        }
        if (!g_ascii_isdigit(*text) || (number == UINT64_MAX && end))
                return false;
        unit = *end ? strchr(units, g_ascii_toupper(*end)) : NULL;
        if (*end && (!unit || end[1] || number >> (64 - 10 * (unit - units + 1))))
                return false;
        *ret = unit ? number << (10 * (unit - units + 1)) : number;
        return true;
}

static bool append_value(sd_bus_message *call, const char *value, int *r, GError **error)
{
        const char *equals = strchr(value, '=');
        g_autofree char *name = equals ? g_strndup(value, (gsize) (equals - value)) : NULL;
        uint64_t number;

        if (!equals)
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "'%s' is not LIMIT=VALUE", value);
        if (g_str_has_prefix(name, "allowed-")) {
                *r = sd_bus_message_append(call, "{sv}", name, "s", g_str_equal(equals + 1, "none") ? "" : equals + 1);
                return true;
        }
        if (!parse_number(equals + 1, &number))
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "%s is a number, with K, M, G or T, or 'none', not '%s'",
                                   name, equals + 1);
        *r = sd_bus_message_append(call, "{sv}", name, "t", number);
        return true;
}

bool vb_ctl_act_values(VbCtl *ctl, const char *path, const char *interface, char **values, GError **error)
{
        g_autoptr(sd_bus_message) call = NULL;
        g_autoptr(GArray) secrets = vb_ctl_secrets_open(NULL, error);
        int r;

        if (!secrets || !new_call(ctl, path, interface, ctl->method, &call, error))
                return false;
        r = sd_bus_message_open_container(call, 'a', "{sv}");
        for (; r >= 0 && *values; values++)
                if (!append_value(call, *values, &r, error))
                        return false;
        if (r >= 0)
                r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = append_options(call, ctl->options, secrets);
        if (r < 0)
                return fail_append(error, r);
        return send_call(ctl, call, VB_CTL_ACTS, NULL, error);
}

typedef struct {
        const char *name; /* borrowed: the end of what was given */
        bool owned;       /* by @owner, not by whoever asks */
        uid_t owner;
} Name;

/* NAME or OWNER/NAME: no domain has a slash in its name. */
static bool parse_name(const char *text, Name *ret, GError **error)
{
        const char *slash = strchr(text, '/');
        g_autofree char *owner = slash ? g_strndup(text, (gsize) (slash - text)) : NULL;
        const struct passwd *user;
        guint64 uid;

        *ret = (Name){ .name = slash ? slash + 1 : text, .owned = slash };
        if (!slash)
                return true;
        if (g_ascii_string_to_unsigned(owner, 10, 0, UINT32_MAX - 1, &uid, NULL)) {
                ret->owner = (uid_t) uid;
                return true;
        }
        user = getpwnam(owner);
        if (!user)
                return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "%s: there is no user '%s'", text, owner);
        ret->owner = user->pw_uid;
        return true;
}

static bool call_find(VbCtl *ctl, const char *method, const Name *name, sd_bus_message **reply, GError **error)
{
        if (name->owned)
                return vb_ctl_call(ctl, VB_CTL_READS, VB_CTL_ROOT, VB_CTL_MANAGER, method, reply, error,
                                   "sa{sv}", name->name, 1, "owner", "u", (uint32_t) name->owner);
        return vb_ctl_call(ctl, VB_CTL_READS, VB_CTL_ROOT, VB_CTL_MANAGER, method, reply, error, "sa{sv}",
                           name->name, 0);
}

static bool find_by(VbCtl *ctl, const char *method, const Name *key, char **ret, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        const char *path = NULL;
        int r;

        if (!call_find(ctl, method, key, &reply, error))
                return false;
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return vb_ctl_fail_reply(error, r);
        *ret = g_strdup(path);
        return true;
}

bool vb_ctl_find_domain(VbCtl *ctl, const char *name, char **ret, GError **error)
{
        g_autoptr(GError) by_name = NULL;
        Name key;

        if (!g_utf8_validate(name, -1, NULL))
                return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "%s is no name: it is not UTF-8 text", name);
        if (g_str_has_prefix(name, VB_CTL_DOMAINS) && sd_bus_object_path_is_valid(name)) {
                *ret = g_strdup(name);
                return true;
        }
        if (!parse_name(name, &key, error))
                return false;
        if (find_by(ctl, "GetDomain", &key, ret, &by_name))
                return true;
        if (g_error_matches(by_name, VB_CTL_ERROR, VB_CTL_ERROR_NO_SUCH_DOMAIN) &&
            g_uuid_string_is_valid(key.name))
                return find_by(ctl, "GetDomainByUUID", &key, ret, error);
        g_propagate_error(error, g_steal_pointer(&by_name));
        return false;
}

bool vb_ctl_get_objects(VbCtl *ctl, const char *path, json_object **ret, char **ret_sender, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;

        if (!vb_ctl_call(ctl, VB_CTL_READS, path, VB_CTL_OBJECT_MANAGER, "GetManagedObjects", &reply, error,
                         "") ||
            !vb_ctl_read_reply(reply, "a{oa{sa{sv}}}", ret, error))
                return false;
        if (ret_sender)
                *ret_sender = g_strdup(sd_bus_message_get_sender(reply));
        return true;
}
