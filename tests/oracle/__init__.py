"""The oracle: sources that know their frame numbers and their sound, and tools that read them back.

``sources`` is the table of generated clips, ``barcode`` writes and reads frame numbers, ``sound`` makes and measures
sound, ``compare`` names what is lost, doubled or moved.
"""
