"""What boards say and hear, as bytes: codecs without input or output."""
