/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "util/tristate.h"

typedef enum {
        VB_SOUND_ICH6,
        VB_SOUND_ICH9,
        VB_SOUND_AC97,
        VB_SOUND_ES1370,
        VB_SOUND_SB16,
        VB_SOUND_PCSPK,
        VB_SOUND_USB,
        VB_SOUND_VIRTIO,
        _VB_SOUND_MAX,
} VbSoundModel;

typedef enum { VB_CODEC_DUPLEX, VB_CODEC_MICRO, VB_CODEC_OUTPUT, _VB_CODEC_MAX } VbSoundCodec;

/* The link of an HDA controller has addresses for so many. */
#define VB_CODECS_MAX 15

/* <sound>: a sound card. */
typedef struct {
        VbDevice base;
        VbSoundModel model;
        VbSoundCodec codecs[VB_CODECS_MAX];
        uint32_t n_codecs;       /* 0 of a card that takes codecs: one of type duplex */
        VbTristate multichannel; /* usb */
        uint32_t streams;        /* virtio, 0: not given */
        uint32_t audio_id;       /* 0: the first <audio> */
} VbSound;

/* Whether a model takes codecs. */
bool vb_sound_is_hda(const VbSound *sound);

extern const VbDeviceClass vb_sound_class;
