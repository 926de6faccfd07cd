/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of a command line as commands of the monitor. */
#include "qemu/argv-plug.h"

#include <string.h>

#include "util/error.h"

static const struct {
        const char *name, *option, *value;
        const char *command, *arguments, *undo; /* NULL: a start alone can have it */
} cases[] = {
        { "device", "-device", "{\"driver\":\"virtio-rng-pci\",\"id\":\"rng0\"}", "device_add",
          "{\"driver\":\"virtio-rng-pci\",\"id\":\"rng0\"}", "device_del {\"id\":\"rng0\"}" },
        { "object", "-object", "{\"qom-type\":\"rng-builtin\",\"id\":\"objrng0\"}", "object-add",
          "{\"qom-type\":\"rng-builtin\",\"id\":\"objrng0\"}", "object-del {\"id\":\"objrng0\"}" },
        { "blockdev", "-blockdev", "{\"driver\":\"null-co\",\"node-name\":\"a\"}", "blockdev-add",
          "{\"driver\":\"null-co\",\"node-name\":\"a\"}", "blockdev-del {\"node-name\":\"a\"}" },
        { "user", "-netdev",
          "user,id=hostnet0,net=10.0.0.0/8,ipv6-prefixlen=64,hostfwd=tcp::1-:2,hostfwd=udp::3-:4",
          "netdev_add",
          "{\"type\":\"user\",\"id\":\"hostnet0\",\"net\":\"10.0.0.0/"
          "8\",\"ipv6-prefixlen\":64,\"hostfwd\":[{\"str\":"
          "\"tcp::1-:2\"},{\"str\":\"udp::3-:4\"}]}",
          "netdev_del {\"id\":\"hostnet0\"}" },
        { "tap", "-netdev", "tap,id=hostnet0,fds=fd-net0-0:fd-net0-1,vhost=on,vhostfds=a:b,sndbuf=1600",
          "netdev_add",
          "{\"type\":\"tap\",\"id\":\"hostnet0\",\"fds\":\"fd-net0-0:fd-net0-1\",\"vhost\":true,\"vhostfds\":"
          "\"a:b\","
          "\"sndbuf\":1600}",
          "netdev_del {\"id\":\"hostnet0\"}" },
        { "stream", "-netdev", "stream,addr.type=unix,server=off,addr.path=/a,,b,id=n", "netdev_add",
          "{\"type\":\"stream\",\"addr\":{\"type\":\"unix\",\"path\":\"/"
          "a,b\"},\"server\":false,\"id\":\"n\"}",
          "netdev_del {\"id\":\"n\"}" },
        { "pty", "-chardev", "pty,id=charchannel0", "chardev-add",
          "{\"id\":\"charchannel0\",\"backend\":{\"type\":\"pty\",\"data\":{}}}",
          "chardev-remove {\"id\":\"charchannel0\"}" },
        { "file", "-chardev", "file,id=c,path=/a=b,,c,append=on,logfile=/l,logappend=off", "chardev-add",
          "{\"id\":\"c\",\"backend\":{\"type\":\"file\",\"data\":{\"out\":\"/"
          "a=b,c\",\"append\":true,\"logfile\":\"/l\","
          "\"logappend\":false}}}",
          "chardev-remove {\"id\":\"c\"}" },
        { "unix", "-chardev", "socket,id=c,path=/s,server=on,wait=off", "chardev-add",
          "{\"id\":\"c\",\"backend\":{\"type\":\"socket\",\"data\":{\"addr\":{\"type\":\"unix\",\"data\":{"
          "\"path\":"
          "\"/s\"}},\"server\":true,\"wait\":false}}}",
          "chardev-remove {\"id\":\"c\"}" },
        { "tcp", "-chardev", "socket,id=c,host=h,port=1,telnet=on,reconnect=5", "chardev-add",
          "{\"id\":\"c\",\"backend\":{\"type\":\"socket\",\"data\":{\"addr\":{\"type\":\"inet\",\"data\":{"
          "\"host\":"
          "\"h\",\"port\":\"1\"}},\"server\":false,\"telnet\":true,\"reconnect\":5}}}",
          "chardev-remove {\"id\":\"c\"}" },
        { "udp", "-chardev", "udp,id=c,host=h,port=1,localaddr=,localport=0", "chardev-add",
          "{\"id\":\"c\",\"backend\":{\"type\":\"udp\",\"data\":{\"remote\":{\"type\":\"inet\",\"data\":{"
          "\"host\":"
          "\"h\",\"port\":\"1\"}},\"local\":{\"type\":\"inet\",\"data\":{\"host\":\"\",\"port\":\"0\"}}}}}",
          "chardev-remove {\"id\":\"c\"}" },
        { "spicevmc", "-chardev", "spicevmc,id=c,name=usbredir", "chardev-add",
          "{\"id\":\"c\",\"backend\":{\"type\":\"spicevmc\",\"data\":{\"type\":\"usbredir\"}}}",
          "chardev-remove {\"id\":\"c\"}" },
        { "stdio", "-chardev", "stdio,id=c", NULL, NULL, NULL },
        { "fsdev", "-fsdev", "local,id=f,path=/a", NULL, NULL, NULL },
        { "nameless", "-device", "{\"driver\":\"virtio-rng-pci\"}", NULL, NULL, NULL },
};

static void test_case(gconstpointer data)
{
        gsize i = GPOINTER_TO_SIZE(data);
        VbArgvPlug plug = { 0 };
        g_autoptr(GError) error = NULL;
        json_object *undo;
        g_autofree char *back = NULL;

        if (!cases[i].command) {
                g_assert_false(vb_argv_plug_init(&plug, cases[i].option, cases[i].value, &error));
                g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                g_assert_nonnull(strstr(error->message, cases[i].option + 1));
                return;
        }
        g_assert_true(vb_argv_plug_init(&plug, cases[i].option, cases[i].value, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(plug.command, ==, cases[i].command);
        g_assert_cmpstr(json_object_to_json_string_ext(
                                plug.arguments, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
                        ==, cases[i].arguments);
        undo = vb_argv_plug_undo(&plug);
        back = g_strdup_printf("%s %s", plug.undo,
                               json_object_to_json_string_ext(undo, JSON_C_TO_STRING_PLAIN));
        g_assert_cmpstr(back, ==, cases[i].undo);
        json_object_put(undo);
        vb_argv_plug_clear(&plug);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strconcat("/argv-plug/", cases[i].name, NULL);

                g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_case);
        }
        return g_test_run();
}
