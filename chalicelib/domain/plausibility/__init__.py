"""What a reading cannot say (``limits``), and what is asked back because it hardly fits (``questions``)."""
