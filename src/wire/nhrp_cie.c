// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/nhrp_cie.h"

void nhrp_cie_read(struct rd *rd, uint8_t protocol_family, struct nhrp_cie *ret)
{
	uint8_t nbma_length, nbma_sub_length, protocol_length;

	ret->code = rd_u8(rd);
	ret->prefix_length = rd_u8(rd);
	rd_skip(rd, 2);
	ret->mtu = rd_u16(rd);
	ret->holding_time = rd_u16(rd);
	nbma_length = NHRP_ADDRESS_LENGTH(rd_u8(rd));
	nbma_sub_length = NHRP_ADDRESS_LENGTH(rd_u8(rd));
	protocol_length = rd_u8(rd);
	ret->preference = rd_u8(rd);
	ret->nbma = rd_addr(rd, nbma_length, ADDR_NONE);
	ret->nbma_sub = rd_addr(rd, nbma_sub_length, ADDR_NONE);
	ret->protocol = rd_addr(rd, protocol_length, protocol_family);
}

void nhrp_cie_write(struct wr *wr, const struct nhrp_cie *cie)
{
	wr_u8(wr, cie->code);
	wr_u8(wr, cie->prefix_length);
	wr_zeros(wr, 2);
	wr_u16(wr, cie->mtu);
	wr_u16(wr, cie->holding_time);
	wr_u8(wr, addr_size(cie->nbma));
	wr_u8(wr, addr_size(cie->nbma_sub));
	wr_u8(wr, addr_size(cie->protocol));
	wr_u8(wr, cie->preference);
	wr_addr(wr, cie->nbma);
	wr_addr(wr, cie->nbma_sub);
	wr_addr(wr, cie->protocol);
}

uint8_t nhrp_cie_prefix_bits(const struct nhrp_cie *cie, uint8_t protocol_family)
{
	uint8_t host = addr_bits((struct addr) { .family = protocol_family });

	return cie->prefix_length == 0 || cie->prefix_length > host ? host : cie->prefix_length;
}

const char *nhrp_code_name(uint8_t code)
{
	switch (code) {
	case NHRP_CODE_OK:
		return "no error";
	case NHRP_CODE_PROHIBITED:
		return "administratively prohibited";
	case NHRP_CODE_NO_RESOURCES:
		return "insufficient resources";
	case NHRP_CODE_NO_BINDING:
		return "no binding exists";
	case NHRP_CODE_NOT_UNIQUE:
		return "binding exists but is not unique";
	case NHRP_CODE_UNIQUE_REGISTERED:
		return "unique address registered already";
	default:
		return "unknown code";
	}
}
