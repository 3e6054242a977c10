"""The registers of the office (台账), each as a listing."""
