/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network cards: what the guest sees of them. What is behind is argv-netdev.c. */
#include "conf/interface.h"

#include "conf/capabilities.h"
#include "qemu/argv-netdev.h"

static void set_offloads(json_object *object, const VbOffloads *host, const VbOffloads *guest)
{
        if (host) {
                vb_json_set_tristate_if(object, "csum", host->csum);
                vb_json_set_tristate_if(object, "gso", host->gso);
                vb_json_set_tristate_if(object, "host_tso4", host->tso4);
                vb_json_set_tristate_if(object, "host_tso6", host->tso6);
                vb_json_set_tristate_if(object, "host_ecn", host->ecn);
                vb_json_set_tristate_if(object, "host_ufo", host->ufo);
                vb_json_set_tristate_if(object, "mrg_rxbuf", host->mrg_rxbuf);
        }
        if (guest) {
                vb_json_set_tristate_if(object, "guest_csum", guest->csum);
                vb_json_set_tristate_if(object, "guest_tso4", guest->tso4);
                vb_json_set_tristate_if(object, "guest_tso6", guest->tso6);
                vb_json_set_tristate_if(object, "guest_ecn", guest->ecn);
                vb_json_set_tristate_if(object, "guest_ufo", guest->ufo);
        }
}

/* An interrupt for each queue, and two for the rest. */
static void set_queues(json_object *object, const VbInterface *interface)
{
        uint32_t queues = vb_interface_queues(interface);

        if (queues <= 1)
                return;
        vb_json_set_bool(object, "mq", true);
        if (interface->base.address.type == VB_ADDRESS_PCI)
                vb_json_set_uint(object, "vectors", 2 * queues + 2);
}

static bool set_rss(VbArgv *argv, const VbInterface *interface, json_object *object, GError **error)
{
        const VbInterfaceDriver *driver = interface->parts.driver;

        if (driver->rss == VB_TRISTATE_UNSET && driver->rss_hash_report == VB_TRISTATE_UNSET)
                return true;
        if (!vb_emulator_facts_check(argv->context->emulator, VB_CAP_VIRTIO_NET_RSS, interface->base.alias,
                                     driver->line, error))
                return false;
        vb_json_set_tristate_if(object, "rss", driver->rss);
        vb_json_set_tristate_if(object, "hash", driver->rss_hash_report);
        return true;
}

static bool set_virtio(VbArgv *argv, const VbInterface *interface, json_object *object, GError **error)
{
        const VbInterfaceParts *parts = &interface->parts;
        const VbInterfaceDriver *driver = parts->driver;

        if (driver) {
                vb_argv_set_virtio_options(object, &driver->virtio);
                if (driver->txmode != VB_NET_TX_UNSET)
                        vb_json_set_string(object, "tx", driver->txmode == VB_NET_TX_TIMER ? "timer" : "bh");
                vb_json_set_tristate_if(object, "ioeventfd", driver->ioeventfd);
                vb_json_set_tristate_if(object, "event_idx", driver->event_idx);
                set_offloads(object, driver->host, driver->guest);
                set_queues(object, interface);
                vb_json_set_positive_if(object, "rx_queue_size", (int64_t) driver->rx_queue_size.value);
                vb_json_set_positive_if(object, "tx_queue_size", (int64_t) driver->tx_queue_size.value);
                if (!set_rss(argv, interface, object, error))
                        return false;
        }
        if (parts->mtu)
                vb_json_set_positive_if(object, "host_mtu", (int64_t) parts->mtu->number.value);
        if (parts->teaming && parts->teaming->type == VB_TEAMING_PERSISTENT)
                vb_json_set_bool(object, "failover", true);
        return true;
}

static void set_isa_address(json_object *object, const VbDevice *device)
{
        if (device->address.type != VB_ADDRESS_ISA)
                return;
        vb_json_set_positive_if(object, "iobase", device->address.isa.iobase);
        vb_json_set_positive_if(object, "irq", device->address.isa.irq);
}

static void add_hostdev(VbArgv *argv, const VbInterface *interface, json_object *object)
{
        const VbPciAddress *pci = &interface->source.pci;
        const VbTeaming *teaming = interface->parts.teaming;
        g_autofree char *host =
                g_strdup_printf("%04x:%02x:%02x.%x", pci->domain, pci->bus, pci->slot, pci->function);

        vb_json_set_string(object, "host", host);
        if (teaming)
                vb_json_set_string_if(object, "failover_pair_id", teaming->persistent);
        vb_argv_add_device(argv, &interface->base, object);
}

static bool add_card(VbArgv *argv, const VbInterface *interface, json_object *object, GError **error)
{
        g_autofree char *id = g_strdup_printf("host%s", interface->base.alias), *mac = NULL;
        const uint8_t *m = interface->mac;

        if (!vb_argv_add_netdev(argv, interface, id, error))
                return false;
        if (vb_interface_is_virtio(interface) && !set_virtio(argv, interface, object, error))
                return false;
        set_isa_address(object, &interface->base);
        mac = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
        vb_json_set_string(object, "netdev", id);
        vb_json_set_string(object, "mac", mac);
        vb_argv_add_device(argv, &interface->base, json_object_get(object));
        return true;
}

static bool build_interface(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbInterface *interface = (const VbInterface *) device;
        json_object *object = vb_argv_device_new(argv, device, error);
        bool ok;

        if (!object)
                return false;
        if (interface->type == VB_INTERFACE_HOSTDEV) {
                add_hostdev(argv, interface, object);
                return true;
        }
        ok = add_card(argv, interface, object, error);
        json_object_put(object);
        return ok;
}

const VbArgvClass vb_argv_interface = { .build = build_interface };
