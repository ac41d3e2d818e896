// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/groups.h"

#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/// The order of the array: below zero, zero, above zero.
static int compare(const struct group_receiver *a, const struct group_receiver *b)
{
	int order = b->group.length - a->group.length;

	if (order == 0)
		order = addr_compare(a->group.addr, b->group.addr);
	return order ? order : addr_compare(a->nbma, b->nbma);
}

/// Where the entry is, or would be.
static size_t place_of(const struct groups *groups, const struct group_receiver *wanted, bool *ret_found)
{
	size_t first = 0, end = groups->count;

	*ret_found = false;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		int order = compare(&groups->receivers[middle], wanted);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

void groups_add(struct groups *groups, struct prefix group, struct addr nbma)
{
	struct group_receiver receiver = { group, nbma };
	bool found;
	size_t i = place_of(groups, &receiver, &found);

	if (found)
		return;
	groups->receivers = alloc_resize(groups->receivers, groups->count + 1, sizeof(receiver));
	memmove(&groups->receivers[i + 1], &groups->receivers[i], (groups->count - i) * sizeof(receiver));
	groups->receivers[i] = receiver;
	groups->count++;
}

void groups_remove(struct groups *groups, struct prefix group, struct addr nbma)
{
	struct group_receiver receiver = { group, nbma };
	bool found;
	size_t i = place_of(groups, &receiver, &found);

	if (!found)
		return;
	groups->count--;
	memmove(&groups->receivers[i], &groups->receivers[i + 1], (groups->count - i) * sizeof(receiver));
}

size_t groups_find(
	const struct groups *groups, struct addr destination, const struct group_receiver **ret_first)
{
	size_t first = 0, end;

	while (first < groups->count && !prefix_contains(groups->receivers[first].group, destination))
		first++;
	end = first;
	while (end < groups->count &&
		prefix_equal(groups->receivers[end].group, groups->receivers[first].group))
		end++;
	*ret_first = groups->receivers + first;
	return end - first;
}

void groups_done(struct groups *groups)
{
	free(groups->receivers);
	*groups = (struct groups) { 0 };
}

struct addr groups_destination(uint16_t ethertype, const uint8_t *packet, size_t length)
{
	if (ethertype == ETHERTYPE_IP && length >= sizeof(struct iphdr))
		return addr_from_bytes(packet + offsetof(struct iphdr, daddr), 4);
	if (ethertype == ETHERTYPE_IPV6 && length >= sizeof(struct ip6_hdr))
		return addr_from_bytes(packet + offsetof(struct ip6_hdr, ip6_dst), 16);
	return (struct addr) { 0 };
}
