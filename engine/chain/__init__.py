"""What a block is made of: headers, targets, merkle trees, transactions, addresses. Pure."""
