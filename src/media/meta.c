/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/meta.h"

#include <math.h>

#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

void
lince_meta_register (void)
{
  static gsize once = 0;

  if (g_once_init_enter (&once)) {
    /* No tags: then nothing that videoscale, videoconvert or an encoder changes takes the meta off,
     * and normalised coordinates need no transform. */
    static const char *tags[] = {NULL};

    if (gst_meta_get_info (LINCE_META_NAME) == NULL)
      gst_meta_register_custom (LINCE_META_NAME, tags, NULL, NULL, NULL);
    g_once_init_leave (&once, 1);
  }
}

static gboolean
copy_field (GQuark field, const GValue *value, gpointer user_data)
{
  gst_structure_id_set_value (user_data, field, value);
  return TRUE;
}

typedef struct {
  guint x, y, width, height;
} Box;

/* The outline's bounding box inside the frame; FALSE when it has no pixel there. */
static gboolean
bounding_box (const LincePlacement *placement, const GstVideoInfo *info, Box *box)
{
  double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;

  for (int i = 0; i < 4; i++) {
    if (!isfinite (placement->corners[i].x) || !isfinite (placement->corners[i].y))
      return FALSE;
    left = MIN (left, (double) placement->corners[i].x);
    right = MAX (right, (double) placement->corners[i].x);
    top = MIN (top, (double) placement->corners[i].y);
    bottom = MAX (bottom, (double) placement->corners[i].y);
  }
  left = CLAMP (floor (left), 0.0, GST_VIDEO_INFO_WIDTH (info));
  top = CLAMP (floor (top), 0.0, GST_VIDEO_INFO_HEIGHT (info));
  right = CLAMP (ceil (right), 0.0, GST_VIDEO_INFO_WIDTH (info));
  bottom = CLAMP (ceil (bottom), 0.0, GST_VIDEO_INFO_HEIGHT (info));
  if (right <= left || bottom <= top)
    return FALSE;
  *box = (Box){(guint) left, (guint) top, (guint) (right - left), (guint) (bottom - top)};
  return TRUE;
}

#ifdef HAVE_GST_ANALYTICS
static void
add_analytics (GstAnalyticsRelationMeta *relations, GQuark name, const Box *box, float confidence)
{
  GstAnalyticsODMtd detection;

  if (!gst_analytics_relation_meta_add_od_mtd (relations, name, (gint) box->x, (gint) box->y,
          (gint) box->width, (gint) box->height, confidence, &detection))
    GST_WARNING ("no room for an analytics meta");
}
#endif

void
lince_meta_attach (GstBuffer *buffer, const LinceResult *result, const GstStructure *moved,
    const GstVideoInfo *info)
{
  GstCustomMeta *meta;
#ifdef HAVE_GST_ANALYTICS
  GstAnalyticsRelationMeta *relations = NULL;
#endif

  g_return_if_fail (gst_buffer_is_writable (buffer));
  lince_meta_register ();
  meta = gst_buffer_add_custom_meta (buffer, LINCE_META_NAME);
  gst_structure_foreach (moved, copy_field, gst_custom_meta_get_structure (meta));

  for (guint i = 0; i < result->placement_count; i++) {
    const LincePlacement *placement = &result->placements[i];
    GstVideoRegionOfInterestMeta *region;
    GstStructure *look;
    LinceObject object;
    Box box;

    if (result->index == NULL || !lince_index_object (result->index, placement->object, &object) ||
        !bounding_box (placement, info, &box))
      continue;
    region = gst_buffer_add_video_region_of_interest_meta (
        buffer, object.name, box.x, box.y, box.width, box.height);
    region->id = (gint) (placement->track & G_MAXINT);
    region->parent_id = -1;
    look = gst_structure_new (LINCE_META_REGION, "confidence", G_TYPE_DOUBLE,
        lince_message_share (placement->confidence), NULL);
    lince_message_set_look (look, placement);
    gst_video_region_of_interest_meta_add_param (region, look);
#ifdef HAVE_GST_ANALYTICS
    if (relations == NULL)
      relations = gst_buffer_add_analytics_relation_meta (buffer);
    add_analytics (relations, region->roi_type, &box, placement->confidence);
#endif
  }
}

const GstStructure *
lince_meta_get (GstBuffer *buffer)
{
  gpointer state = NULL;

  return lince_meta_iterate (buffer, &state);
}

const GstStructure *
lince_meta_iterate (GstBuffer *buffer, gpointer *state)
{
  GstMeta *meta;

  lince_meta_register ();
  meta = gst_buffer_iterate_meta_filtered (buffer, state, gst_meta_get_info (LINCE_META_NAME)->api);
  return meta != NULL ? gst_custom_meta_get_structure ((GstCustomMeta *) meta) : NULL;
}
