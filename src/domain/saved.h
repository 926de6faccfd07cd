/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* A managed save: the state of a guest that was stopped, to go on from at the next start. Its image, the
 * emulator's, is a file in the domain's private directory that only processes of the domain's identity read
 * and write. What the service must know is a record of its own beside the definition. There is a save where
 * there is a record: it is written when the image is on disk, and removed, for good, before a guest runs
 * again. So no state is ever used twice. */
typedef struct VbSaved {
        VbDomainDef *def;       /* what the guest ran with; NULL: it cannot be told */
        char *problem;          /* why not */
        bool paused;            /* it was, and not by the save */
        uint64_t size;          /* bytes of the image */
        uint64_t balloon_bytes; /* as VbGuest's */
        uint32_t version;       /* of the emulator, as vb_monitor_version() */
} VbSaved;

/* The image's name in the private directory. */
#define VB_SAVED_IMAGE "saved"

VbSaved *vb_saved_new(const VbDomain *domain, bool paused, uint64_t size);
void vb_saved_free(VbSaved *saved);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbSaved, vb_saved_free)

/* Bytes that an image of a guest with @def may have: its memory, that of its video cards, and what is left
 * for the state of devices, firmware and the headers of pages. */
uint64_t vb_saved_size_max(const VbDomainDef *def);

/* STORAGE for a save of the domain's that cannot be used; says how to give it up. */
bool vb_saved_check(const VbDomain *domain, GError **error);

/* What is recorded in @dir, whose path is @directory, NULL if there is nothing; then what an image that was
 * being written has left is removed. */
VbSaved *vb_saved_load(int dir, const char *directory);

/* Writes the record of @saved (taken over), which is the domain's when that is done. STORAGE through @done.
 */
void vb_saved_write(VbDomain *domain, VbSaved *saved, VbDone done, void *userdata);

/* Removes the domain's save, and whatever is there of one. STORAGE through @done: the record may still be
 * there. */
void vb_saved_remove(VbDomain *domain, VbDone done, void *userdata);

/* Removes, on the spot, an image without a record. */
void vb_saved_forget_image(const VbService *service, uint32_t id);

/* For a caller: removes the save of a domain that is shut off. INVALID_STATE, BUSY by the return value. */
bool vb_saved_discard(VbDomain *domain, VbDone done, void *userdata, GError **error);
