/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network protocols of storage: what each one's <source> holds, and what is left out there. Cookies are
 * secrets of whoever logged in: they are checked, and not kept. */
#include <string.h>

#include "conf/storage.h"
#include "util/error.h"

const char *const vb_protocol_words[_VB_PROTOCOL_MAX + 1] = {
        [VB_PROTOCOL_NBD] = "nbd",         [VB_PROTOCOL_RBD] = "rbd",     [VB_PROTOCOL_ISCSI] = "iscsi",
        [VB_PROTOCOL_GLUSTER] = "gluster", [VB_PROTOCOL_NFS] = "nfs",     [VB_PROTOCOL_SSH] = "ssh",
        [VB_PROTOCOL_HTTP] = "http",       [VB_PROTOCOL_HTTPS] = "https", [VB_PROTOCOL_FTP] = "ftp",
        [VB_PROTOCOL_FTPS] = "ftps",
};

static const char *const transport_words[] = { NULL, "tcp", "unix", NULL };

/* RFC 6265: what a cookie's name and value are made of. */
#define COOKIE_NAME G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "!#$%&'*+-.^_`|~"
#define COOKIE_VALUE COOKIE_NAME "()/:<=>?@[]"

static bool check_host(void *record, VbXmlNode *node, GError **error)
{
        const VbStorageHost *host = record;

        if (host->transport == VB_TRANSPORT_UNIX && !host->socket)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "transport='unix' needs socket='/...'");
        if (host->transport == VB_TRANSPORT_UNIX && (host->name || host->port.given))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "transport='unix' has a socket, and no name or port");
        if (host->transport != VB_TRANSPORT_UNIX && host->socket)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "a socket needs transport='unix'");
        if (host->transport != VB_TRANSPORT_UNIX && !host->name)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'name' is missing");
        return true;
}

static const VbXmlField host_fields[] = {
        VB_XML_WITH("transport", ATTRIBUTE, WORD, VbStorageHost, transport, .words = transport_words,
                    .foreign = "rdma"),
        VB_XML("name", ATTRIBUTE, STRING, VbStorageHost, name),
        VB_XML_WITH("port", ATTRIBUTE, NUMBER, VbStorageHost, port, .min = 0, .max = 65535),
        VB_XML("socket", ATTRIBUTE, STRING, VbStorageHost, socket),
        { 0 },
};
static const VbXmlRecord host_record = { .size = sizeof(VbStorageHost),
                                         .fields = host_fields,
                                         .check = check_host };

/* A record of one value, under its name. */
#define OPTION(variable, name, place, type, member, ...)                                                     \
        static const VbXmlField variable##_fields[] = {                                                      \
                VB_XML_WITH(name, place, type, VbStorageOption, member, .required = true, __VA_ARGS__),      \
                { 0 },                                                                                       \
        };                                                                                                   \
        static const VbXmlRecord variable##_record = { .size = sizeof(VbStorageOption),                      \
                                                       .fields = variable##_fields }

OPTION(snapshot, "name", ATTRIBUTE, STRING, text, .min = 0);
OPTION(config, "file", ATTRIBUTE, PATH, text, .min = 0);
OPTION(iqn, "name", ATTRIBUTE, STRING, text, .min = 0);
OPTION(initiator, "iqn", CHILD, RECORD, child, .record = &iqn_record);
OPTION(ssl, "verify", ATTRIBUTE, YES_NO, yes_no, .min = 0);
OPTION(readahead, "size", ATTRIBUTE, NUMBER, number, .min = 1, .max = INT64_MAX);
OPTION(timeout, "seconds", ATTRIBUTE, NUMBER, number, .min = 1, .max = INT32_MAX);
OPTION(reconnect_delay, "delay", ATTRIBUTE, NUMBER, number, .min = 1, .max = UINT32_MAX);

static bool check_cookie(void *record, VbXmlNode *node, GError **error)
{
        const VbCookie *cookie = record;
        const char *value = cookie->value;
        gsize length = strlen(value);

        /* The value may be in quotation marks. */
        if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
                value++;
                length -= 2;
        }
        if (strspn(cookie->name, COOKIE_NAME) != strlen(cookie->name) || strspn(value, COOKIE_VALUE) < length)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "the name or the value of cookie '%s' has characters that cookies do not "
                                    "have",
                                    cookie->name);
        return true;
}

static const VbXmlField cookie_fields[] = {
        VB_XML_WITH("name", ATTRIBUTE, STRING, VbCookie, name, .required = true),
        VB_XML_WITH("", TEXT, STRING, VbCookie, value, .required = true),
        { 0 },
};
static const VbXmlRecord cookie_record = { .size = sizeof(VbCookie),
                                           .fields = cookie_fields,
                                           .check = check_cookie };
static const VbXmlField cookies_fields[] = {
        VB_XML_WITH("cookie", CHILD, LIST, VbStorageOption, list, .record = &cookie_record),
        { 0 },
};
static const VbXmlRecord cookies_record = { .size = sizeof(VbStorageOption), .fields = cookies_fields };

static bool is_user_id(const char *text)
{
        guint64 id;

        return !text ||
               g_ascii_string_to_unsigned(*text == '+' ? text + 1 : text, 10, 0, UINT32_MAX, &id, NULL);
}

static bool check_nfs_identity(void *record, VbXmlNode *node, GError **error)
{
        const VbNfsIdentity *identity = record;

        return (is_user_id(identity->user) && is_user_id(identity->group)) ||
               vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                            "user and group are numbers here: the server does not know this host's names");
}

static const VbXmlField nfs_identity_fields[] = {
        VB_XML("user", ATTRIBUTE, STRING, VbNfsIdentity, user),
        VB_XML("group", ATTRIBUTE, STRING, VbNfsIdentity, group),
        { 0 },
};
static const VbXmlRecord nfs_identity_record = { .size = sizeof(VbNfsIdentity),
                                                 .fields = nfs_identity_fields,
                                                 .check = check_nfs_identity };
static const VbXmlField ssh_identity_fields[] = {
        VB_XML_WITH("username", ATTRIBUTE, STRING, VbNfsIdentity, user, .required = true),
        { 0 },
};
static const VbXmlRecord ssh_identity_record = { .size = sizeof(VbNfsIdentity),
                                                 .fields = ssh_identity_fields };

#define SOURCE(name, place, type, member) VB_XML(name, place, type, VbStorageSource, member)
#define SOURCE_WITH(name, place, type, member, ...)                                                          \
        VB_XML_WITH(name, place, type, VbStorageSource, member, __VA_ARGS__)
#define NAME SOURCE_WITH("name", ATTRIBUTE, STRING, name, .required = true)
#define OPTIONAL_NAME SOURCE("name", ATTRIBUTE, STRING, name)
#define QUERY SOURCE("query", ATTRIBUTE, STRING, query)
#define TLS SOURCE("tls", ATTRIBUTE, YES_NO, tls)
#define TLS_HOSTNAME SOURCE("tlsHostname", ATTRIBUTE, STRING, tls_hostname)
#define HOSTS SOURCE_WITH("host", CHILD, LIST, hosts, .record = &host_record)
#define SNAPSHOT SOURCE_WITH("snapshot", CHILD, RECORD, snapshot, .record = &snapshot_record)
#define CONFIG SOURCE_WITH("config", CHILD, RECORD, config, .record = &config_record)
#define INITIATOR SOURCE_WITH("initiator", CHILD, RECORD, initiator, .record = &initiator_record)
#define NFS_IDENTITY SOURCE_WITH("identity", CHILD, RECORD, identity, .record = &nfs_identity_record)
#define SSH_IDENTITY SOURCE_WITH("identity", CHILD, RECORD, identity, .record = &ssh_identity_record)
#define SSL SOURCE_WITH("ssl", CHILD, RECORD, ssl, .record = &ssl_record)
#define COOKIES SOURCE_WITH("cookies", CHILD, RECORD, cookies, .record = &cookies_record)
#define READAHEAD SOURCE_WITH("readahead", CHILD, RECORD, readahead, .record = &readahead_record)
#define TIMEOUT SOURCE_WITH("timeout", CHILD, RECORD, timeout, .record = &timeout_record)
#define RECONNECT SOURCE_WITH("reconnect", CHILD, RECORD, reconnect_delay, .record = &reconnect_delay_record)

/* Attributes first. */
static const VbXmlField nbd_fields[] = { OPTIONAL_NAME, TLS, TLS_HOSTNAME, HOSTS, RECONNECT, { 0 } };
static const VbXmlField rbd_fields[] = { NAME, HOSTS, SNAPSHOT, CONFIG, { 0 } };
static const VbXmlField iscsi_fields[] = { NAME, HOSTS, INITIATOR, { 0 } };
static const VbXmlField gluster_fields[] = { NAME, HOSTS, { 0 } };
static const VbXmlField nfs_fields[] = { NAME, HOSTS, NFS_IDENTITY, { 0 } };
static const VbXmlField ssh_fields[] = { NAME, HOSTS, SSH_IDENTITY, { 0 } };
static const VbXmlField http_fields[] = { NAME, QUERY, HOSTS, COOKIES, READAHEAD, TIMEOUT, { 0 } };
static const VbXmlField https_fields[] = { NAME, QUERY, HOSTS, SSL, COOKIES, READAHEAD, TIMEOUT, { 0 } };
static const VbXmlField ftp_fields[] = { NAME, HOSTS, READAHEAD, TIMEOUT, { 0 } };
static const VbXmlField ftps_fields[] = { NAME, HOSTS, SSL, READAHEAD, TIMEOUT, { 0 } };

const VbXmlField vb_storage_network_fields[] = {
        NAME,         QUERY, TLS_HOSTNAME, HOSTS,     SNAPSHOT, CONFIG,    INITIATOR,
        NFS_IDENTITY, SSL,   COOKIES,      READAHEAD, TIMEOUT,  RECONNECT, { 0 },
};

#define ANY_NUMBER UINT32_MAX

static const struct {
        const VbXmlField *fields;
        uint32_t hosts_min, hosts_max;
        uint32_t port; /* of a host that names none; 0: it is left to the library */
        bool takes_port;
        bool takes_socket; /* transport='unix' */
        bool takes_auth;
        bool is_two_part; /* the name is POOL/IMAGE */
} rules[_VB_PROTOCOL_MAX] = {
        /* clang-format off */
        [VB_PROTOCOL_NONE]    = { nbd_fields },
        [VB_PROTOCOL_NBD]     = { nbd_fields,     1, 1,          10809, .takes_port = true, .takes_socket = true },
        [VB_PROTOCOL_RBD]     = { rbd_fields,     0, ANY_NUMBER, 0,     .takes_port = true, .takes_auth = true,
                                  .is_two_part = true },
        [VB_PROTOCOL_ISCSI]   = { iscsi_fields,   1, 1,          3260,  .takes_port = true, .takes_auth = true },
        [VB_PROTOCOL_GLUSTER] = { gluster_fields, 1, ANY_NUMBER, 24007, .takes_port = true, .takes_socket = true,
                                  .is_two_part = true },
        [VB_PROTOCOL_NFS]     = { nfs_fields,     1, 1,          0 },
        [VB_PROTOCOL_SSH]     = { ssh_fields,     1, 1,          22,    .takes_port = true },
        [VB_PROTOCOL_HTTP]    = { http_fields,    1, 1,          80,    .takes_port = true, .takes_auth = true },
        [VB_PROTOCOL_HTTPS]   = { https_fields,   1, 1,          443,   .takes_port = true, .takes_auth = true },
        [VB_PROTOCOL_FTP]     = { ftp_fields,     1, 1,          21,    .takes_port = true, .takes_auth = true },
        [VB_PROTOCOL_FTPS]    = { ftps_fields,    1, 1,          990,   .takes_port = true, .takes_auth = true },
        /* clang-format on */
};

const VbXmlField *vb_protocol_fields(VbProtocol protocol)
{
        return rules[protocol].fields;
}

static bool check_hosts(VbStorageSource *source, VbXmlNode *node, GError **error)
{
        const char *word = vb_protocol_words[source->protocol];
        guint n = vb_list_length(source->hosts);

        if (n < rules[source->protocol].hosts_min)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "protocol='%s' needs a <host name=''/>", word);
        if (n > rules[source->protocol].hosts_max)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "protocol='%s' takes one <host> only",
                                    word);
        for (guint i = 0; i < n; i++) {
                VbStorageHost *host = g_ptr_array_index(source->hosts, i);

                if (host->transport == VB_TRANSPORT_UNIX && !rules[source->protocol].takes_socket)
                        return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                            "<host>: protocol='%s' has no transport='unix'", word);
                if (host->port.given && host->port.value > 0 && !rules[source->protocol].takes_port)
                        return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                            "<host>: protocol='%s' takes no port", word);
                if (host->transport == VB_TRANSPORT_UNIX)
                        continue;
                /* Nothing listens at 0. */
                if (!host->port.given || host->port.value == 0)
                        host->port = (VbNumber){ .value = rules[source->protocol].port,
                                                 .given = rules[source->protocol].port > 0 };
        }
        return true;
}

static bool is_all_digits(const char *text)
{
        return *text != '\0' && strspn(text, G_CSET_DIGITS) == strlen(text);
}

/* The name of a target, and the number of the unit behind it. */
static bool complete_iscsi(VbStorageSource *source, VbXmlNode *node, GError **error)
{
        const char *slash = strrchr(source->name, '/');
        char *name;

        if (slash)
                return is_all_digits(slash + 1) ||
                       vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "name='%s': what follows the '/' is the number of a unit", source->name);
        name = g_strconcat(source->name, "/0", NULL);
        g_free(source->name);
        source->name = name;
        return true;
}

static void drop_cookies(VbStorageSource *source, const VbXmlNode *node)
{
        if (!source->cookies)
                return;
        vb_xml_note(node, "<cookies> are not kept: a definition holds no secrets");
        vb_xml_record_free(&cookies_record, source->cookies);
        source->cookies = NULL;
}

bool vb_protocol_check(VbStorageSource *source, VbXmlNode *node, GError **error)
{
        const char *slash = source->name ? strchr(source->name, '/') : NULL;

        drop_cookies(source, node);
        if (source->auth && !rules[source->protocol].takes_auth)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error, "protocol='%s' takes no <auth>",
                                    vb_protocol_words[source->protocol]);
        if (rules[source->protocol].is_two_part && (!slash || slash == source->name || slash[1] == '\0'))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "name='%s' is not of the form POOL/IMAGE", source->name);
        if (source->protocol == VB_PROTOCOL_ISCSI && !complete_iscsi(source, node, error))
                return false;
        return check_hosts(source, node, error);
}
