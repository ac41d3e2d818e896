// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/draw.h"

#include <math.h>
#include <string.h>

#include "cli/field.h"

#define SVG_PEERS   48 ///< that are drawn
#define SVG_RING    14 ///< of them on one ring
#define BOX_WIDTH   180
#define BOX_HEIGHT  64
#define LINE_HEIGHT 15
#define TAU         6.283185307179586

static const char *or_unknown(const json_t *object, const char *key)
{
	return field_is_null(object, key) ? "unknown" : field_text(object, key);
}

static bool is_up(const json_t *peer)
{
	return strcmp(field_text(peer, "state"), "UP") == 0;
}

static bool is_by_server(const json_t *peer)
{
	return strcmp(field_text(peer, "path"), "by-server") == 0;
}

static void text_peer(FILE *out, const json_t *peer, bool last)
{
	const json_t *behind = json_object_get(peer, "behind");
	char time[FIELD_SIZE];
	fprintf(out, "%s %s at %s: %s, %s, %s", last ? "└──" : "├──", field_text(peer, "address"),
		or_unknown(peer, "nbma"), field_text(peer, "role"),
		is_by_server(peer) ? "by a server for now" : "direct", field_text(peer, "state"));
	fprintf(out, " %s\n", field_time(peer, "up_down_seconds", time));
	for (size_t i = 0; i < json_array_size(behind); i++)
		fprintf(out, "%s     behind it %s\n", last ? " " : "│",
			json_string_value(json_array_get(behind, i)));
}

void draw_text(FILE *out, const json_t *topology)
{
	const json_t *interfaces = json_object_get(topology, "interfaces");
	const json_t *peers = json_object_get(topology, "peers");
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i);
		const char *name = field_text(interface, "interface");
		const json_t *last = NULL;
		char title[FIELD_SIZE];
		fprintf(out, "%s: %s, %s at %s, %s%s\n", field_text(topology, "hostname"),
			field_interface(interface, title), field_text(interface, "address"),
			or_unknown(interface, "nbma"), field_text(interface, "type"),
			field_true(interface, "up") ? "" : ", down");
		for (size_t j = 0; j < json_array_size(peers); j++) {
			const json_t *peer = json_array_get(peers, j);
			if (strcmp(field_text(peer, "interface"), name) != 0)
				continue;
			if (last != NULL)
				text_peer(out, last, false);
			last = peer;
		}
		if (last != NULL)
			text_peer(out, last, true);
	}
}

/// Text between quotes of a graph, or in a picture: what would end it is left out.
static void put_plain(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (!strchr("\"\\<>&", *text) && (unsigned char)*text >= ' ')
			fputc(*text, out);
}

void draw_dot(FILE *out, const json_t *topology)
{
	const json_t *interfaces = json_object_get(topology, "interfaces");
	const json_t *peers = json_object_get(topology, "peers");
	fprintf(out,
		"graph dmvpn {\n\tnode [shape=box, style=rounded];\n\tself [style=\"rounded,bold\", label=\"");
	put_plain(out, field_text(topology, "hostname"));
	for (size_t i = 0; i < json_array_size(interfaces); i++)
		fprintf(out, "\\n%s", field_text(json_array_get(interfaces, i), "address"));
	fprintf(out, "\"];\n");
	for (size_t i = 0; i < json_array_size(peers); i++) {
		const json_t *peer = json_array_get(peers, i), *behind = json_object_get(peer, "behind");
		fprintf(out, "\tp%zu [label=\"%s\\n%s\\n%s", i, field_text(peer, "address"),
			or_unknown(peer, "nbma"), field_text(peer, "role"));
		for (size_t j = 0; j < json_array_size(behind); j++)
			fprintf(out, "\\n%s", json_string_value(json_array_get(behind, j)));
		fprintf(out, "\"];\n\tself -- p%zu [label=\"%s %s\"%s];\n", i, field_text(peer, "interface"),
			field_text(peer, "state"),
			is_up(peer) && !is_by_server(peer) ? "" : ", style=dashed");
	}
	fprintf(out, "}\n");
}

struct point {
	double x, y;
};

struct picture {
	FILE *out;
	const json_t *topology, *peers;
	size_t count; ///< of peers that are drawn
	double width, height;
};

/// Where peer `index` stands: on a ring around the middle, the first one above it.
static struct point place(const struct picture *picture, size_t index)
{
	size_t ring = index / SVG_RING, first = ring * SVG_RING;
	size_t on_ring = picture->count - first < SVG_RING ? picture->count - first : SVG_RING;
	double angle = TAU * ((double)(index - first) + (ring % 2 ? 0.5 : 0)) / (double)on_ring - TAU / 4;
	double rings = (double)((picture->count + SVG_RING - 1) / SVG_RING);
	double scale = ((double)ring + 1) / rings;
	return (struct point) {
		picture->width / 2 + (picture->width / 2 - BOX_WIDTH / 2.0 - 20) * scale * cos(angle),
		picture->height / 2 + (picture->height / 2 - BOX_HEIGHT - 10) * scale * sin(angle),
	};
}

static void put_text(
	const struct picture *picture, struct point at, double down, const char *style, const char *text)
{
	fprintf(picture->out, "<text x=\"%.0f\" y=\"%.0f\" class=\"%s\">", at.x, at.y + down, style);
	put_plain(picture->out, text);
	fprintf(picture->out, "</text>\n");
}

static void put_box(const struct picture *picture, struct point at, double lines, const char *style)
{
	double height = lines * LINE_HEIGHT + 10;
	fprintf(picture->out,
		"<rect x=\"%.0f\" y=\"%.0f\" width=\"%d\" height=\"%.0f\" rx=\"8\" class=\"%s\"/>\n",
		at.x - BOX_WIDTH / 2.0, at.y - height / 2, BOX_WIDTH, height, style);
}

static void put_peer(const struct picture *picture, size_t index)
{
	const json_t *peer = json_array_get(picture->peers, index), *behind = json_object_get(peer, "behind");
	struct point at = place(picture, index);
	size_t prefixes = json_array_size(behind);
	double lines = prefixes == 0 ? 2 : prefixes == 1 ? 3 : 4, down = -lines / 2 * LINE_HEIGHT + 11;
	char text[96];
	put_box(picture, at, lines, field_text(peer, "role"));
	put_text(picture, at, down, "name", field_text(peer, "address"));
	put_text(picture, at, down += LINE_HEIGHT, "small", or_unknown(peer, "nbma"));
	for (size_t i = 0; i < prefixes && i < 2; i++) {
		snprintf(text, sizeof(text), "%.60s", json_string_value(json_array_get(behind, i)));
		if (i == 1 && prefixes > 2)
			snprintf(text, sizeof(text), "and %zu more", prefixes - 1);
		put_text(picture, at, down += LINE_HEIGHT, "small", text);
	}
}

static void put_line(const struct picture *picture, size_t index)
{
	const json_t *peer = json_array_get(picture->peers, index);
	struct point at = place(picture, index);
	struct point middle = { picture->width / 2, picture->height / 2 };
	bool solid = is_up(peer) && !is_by_server(peer);
	fprintf(picture->out, "<line x1=\"%.0f\" y1=\"%.0f\" x2=\"%.0f\" y2=\"%.0f\" class=\"%s\"/>\n",
		middle.x, middle.y, at.x, at.y, solid ? "up" : "down");
	if (!is_up(peer))
		put_text(picture, (struct point) { (middle.x + at.x) / 2, (middle.y + at.y) / 2 }, -4,
			"state", field_text(peer, "state"));
}

static void put_self(const struct picture *picture)
{
	const json_t *interfaces = json_object_get(picture->topology, "interfaces");
	size_t lines = 1 + json_array_size(interfaces);
	struct point middle = { picture->width / 2, picture->height / 2 };
	double down = -(double)lines / 2 * LINE_HEIGHT + 11;
	put_box(picture, middle, (double)lines, "self");
	put_text(picture, middle, down, "name", field_text(picture->topology, "hostname"));
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i);
		char name[FIELD_SIZE], text[96];
		snprintf(text, sizeof(text), "%s %.50s", field_interface(interface, name),
			field_text(interface, "address"));
		put_text(picture, middle, down += LINE_HEIGHT, "small", text);
	}
}

static const char style[] =
	"<style>text { font-family: sans-serif; text-anchor: middle; fill: #1b2733 } .name { font-size: 14px;\n"
	"font-weight: bold } .small { font-size: 12px } .state { font-size: 12px; fill: #b03a2e }\n"
	"rect { fill: #f4f7fa; stroke: #5d7285; stroke-width: 1.5 } .self { fill: #d9eaf7; stroke: #1f5f8b;\n"
	"stroke-width: 2.5 } .server { fill: #e8f5e3; stroke: #4a7d34; stroke-width: 2 } .unknown { stroke-dasharray:\n"
	"5 4 } .up { stroke: #4a7d34; stroke-width: 2 } .down { stroke: #b03a2e; stroke-width: 1.5;\n"
	"stroke-dasharray: 6 5 }</style>\n";

void draw_svg(FILE *out, const json_t *topology)
{
	struct picture picture = {
		.out = out, .topology = topology, .peers = json_object_get(topology, "peers")
	};
	size_t all = json_array_size(picture.peers);
	char more[80];
	picture.count = all < SVG_PEERS ? all : SVG_PEERS;
	size_t rings = (picture.count + SVG_RING - 1) / SVG_RING;
	picture.width = picture.count <= 4 ? 640 : 700 + 500 * (double)rings;
	picture.height = picture.count <= 4 ? 400 : 360 + 220 * (double)rings;
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n",
		picture.width, picture.height, picture.width, picture.height);
	fprintf(out, "%s<rect width=\"100%%\" height=\"100%%\" style=\"fill: white; stroke: none\"/>\n",
		style);
	for (size_t i = 0; i < picture.count; i++)
		put_line(&picture, i);
	for (size_t i = 0; i < picture.count; i++)
		put_peer(&picture, i);
	put_self(&picture);
	if (all > picture.count) {
		snprintf(more, sizeof(more), "and %zu more peers", all - picture.count);
		put_text(
			&picture, (struct point) { picture.width / 2, picture.height - 8 }, 0, "small", more);
	}
	fprintf(out, "</svg>\n");
}
