/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options at the end of every method: what is not known is refused, never ignored. */
#include "bus/options.h"

#include "domain/secrets.h"
#include "util/error.h"

/* Names and descriptors; of these, copies are kept. */
static bool read_secrets(sd_bus_message *message, const VbOption *option, GError **error)
{
        g_autoptr(VbSecrets) secrets = vb_secrets_new();
        VbSecrets **ret = option->value;
        const char *name;
        int fd, r;

        r = sd_bus_message_enter_container(message, 'v', "a{sh}");
        if (r >= 0)
                r = sd_bus_message_enter_container(message, 'a', "{sh}");
        if (r < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the option '%s' must be of the type 'a{sh}'",
                                    option->name);
        while ((r = sd_bus_message_read(message, "{sh}", &name, &fd)) > 0)
                if (!vb_secrets_add(secrets, name, fd, error))
                        return false;
        if (r < 0 || sd_bus_message_exit_container(message) < 0 || sd_bus_message_exit_container(message) < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the option '%s' cannot be read", option->name);
        vb_secrets_unref(*ret);
        *ret = g_steal_pointer(&secrets);
        return true;
}

static bool read_option(sd_bus_message *message, const VbOption *options, const char *name, GError **error)
{
        const char *contents;
        char type[2] = { 0 };

        while (options->name && !g_str_equal(options->name, name))
                options++;
        if (!options->name)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the option '%s' is not known to this method", name);
        if (options->given)
                *options->given = true;
        if (options->type == 'h')
                return read_secrets(message, options, error);
        type[0] = options->type;
        if (sd_bus_message_peek_type(message, NULL, &contents) < 0 || !g_str_equal(contents, type) ||
            sd_bus_message_read(message, "v", type, options->value) < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the option '%s' must be of the type '%s'", name, type);
        return true;
}

bool vb_options_read(sd_bus_message *message, const VbOption *options, GError **error)
{
        const char *name;
        int r = sd_bus_message_enter_container(message, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = sd_bus_message_read(message, "s", &name);
                if (r >= 0 && !read_option(message, options, name, error))
                        return false;
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
                if (r < 0)
                        break;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the options cannot be read: %s", g_strerror(-r));
        return true;
}
