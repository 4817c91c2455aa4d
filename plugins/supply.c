/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supply.h"

#include "loader.h"
#include "media/message.h"

GST_DEBUG_CATEGORY_EXTERN (gst_lince_recognize_debug);
#define GST_CAT_DEFAULT gst_lince_recognize_debug

struct _LinceSupply {
  GstElement *element;   /* borrowed */
  LinceSession *session; /* borrowed */
  LinceLoader *loader;

  GMutex lock; /* what follows */
  char revision[LINCE_REVISION_SIZE];
  gboolean failed;
};

static void
on_loaded (LinceIndex *index, const char *path, guint problems, const char *first_problem,
    gpointer user_data)
{
  LinceSupply *supply = user_data;
  GstElement *element = supply->element;

  lince_session_set_index (supply->session, index, path);
  g_mutex_lock (&supply->lock);
  g_strlcpy (
      supply->revision, index != NULL ? lince_index_revision (index) : "", sizeof supply->revision);
  g_mutex_unlock (&supply->lock);
  g_object_notify (G_OBJECT (element), "revision");
  if (index == NULL)
    return;
  GST_INFO_OBJECT (element, "%s: revision %s", path, lince_index_revision (index));
  if (problems > 0)
    GST_ELEMENT_WARNING (element, RESOURCE, READ,
        ("%u pictures of the collection %s cannot be used; the first: %s", problems, path,
            first_problem),
        (NULL));
  gst_element_post_message (element, gst_message_new_element (GST_OBJECT (element),
                                         lince_message_new_collection (path, index, problems)));
}

static void
on_load_failed (const char *path, const GError *error, gboolean kept, gpointer user_data)
{
  LinceSupply *supply = user_data;

  if (kept) {
    GST_ELEMENT_WARNING (supply->element, RESOURCE, READ,
        ("The collection %s cannot be loaded; the one before goes on serving. %s", path,
            error->message),
        (NULL));
    return;
  }
  g_mutex_lock (&supply->lock);
  supply->failed = TRUE;
  g_mutex_unlock (&supply->lock);
  if (g_error_matches (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN))
    GST_ELEMENT_ERROR (supply->element, RESOURCE, OPEN_READ,
        ("The collection %s cannot be opened: %s", path, error->message), (NULL));
  else
    GST_ELEMENT_ERROR (supply->element, RESOURCE, READ,
        ("The collection %s cannot be used: %s", path, error->message), (NULL));
}

static void
on_problem (const char *path, const char *image, const char *text, gpointer user_data)
{
  LinceSupply *supply = user_data;

  gst_element_post_message (supply->element, gst_message_new_element (GST_OBJECT (supply->element),
                                                 lince_message_new_problem (path, image, text)));
}

LinceSupply *
lince_supply_new (GstElement *element, LinceSession *session, const char *path)
{
  static const LinceLoaderCallbacks callbacks = {on_loaded, on_load_failed, on_problem};
  LinceSupply *supply = g_new0 (LinceSupply, 1);

  g_mutex_init (&supply->lock);
  supply->element = element;
  supply->session = session;
  supply->loader = lince_loader_new (path, &callbacks, supply);
  return supply;
}

void
lince_supply_free (LinceSupply *supply)
{
  if (supply == NULL)
    return;
  lince_loader_free (supply->loader);
  g_mutex_clear (&supply->lock);
  g_free (supply);
}

void
lince_supply_set_path (LinceSupply *supply, const char *path)
{
  lince_loader_set_path (supply->loader, path);
}

void
lince_supply_reload (LinceSupply *supply)
{
  lince_loader_reload (supply->loader);
}

void
lince_supply_get_revision (LinceSupply *supply, char revision[LINCE_REVISION_SIZE])
{
  g_mutex_lock (&supply->lock);
  memcpy (revision, supply->revision, LINCE_REVISION_SIZE);
  g_mutex_unlock (&supply->lock);
}

static gboolean
is_live (GstPad *sink_pad)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (sink_pad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

void
lince_supply_wait (LinceSupply *supply, GstPad *sink_pad)
{
  if (!is_live (sink_pad))
    lince_loader_wait (supply->loader);
}

void
lince_supply_forbid_wait (LinceSupply *supply, gboolean forbid)
{
  lince_loader_forbid_wait (supply->loader, forbid);
}

gboolean
lince_supply_has_failed (LinceSupply *supply)
{
  gboolean failed;

  g_mutex_lock (&supply->lock);
  failed = supply->failed;
  g_mutex_unlock (&supply->lock);
  return failed;
}
